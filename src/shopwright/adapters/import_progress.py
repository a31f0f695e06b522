"""How far each import came: one small file each, replaced whole, so a crash leaves the old one."""

import os
from pathlib import Path


class ProgressFolder:
    """A folder of notes by key; what a note says is its writer's own affair."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, key: str) -> bytes | None:
        """Return the note, or None where there is none."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None

    def save(self, key: str, note: bytes) -> None:
        """Replace the note; on return it is on disk."""
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._path(key).with_suffix(".part")
        with part.open("wb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path(key))

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"
