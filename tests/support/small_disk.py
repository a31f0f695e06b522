"""A disk of a few megabytes that can be filled to the last byte and freed again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from absent import absent


class SmallDisk:
    """A mounted folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave not one byte."""
        with self._filler.open("ab", buffering=0) as filler:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        os.write(filler.fileno(), b"\1" * size)
                except OSError:
                    continue

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a small disk in memory; a user who may not mount counts as having none."""
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None:
        absent("mount", "is not installed")
    tried = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={megabytes}m", "shopwright-test", str(folder)],
        capture_output=True,
        check=False,
    )
    if tried.returncode:
        absent("mount", f"cannot work here: {tried.stderr.decode(errors='replace').strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
