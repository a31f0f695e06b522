"""One folder that holds one backup, at every instant a whole one: the last, then the next.

Copies are named by their content and never overwritten; the manifest is replaced in one step, and
only then do the copies go that it no longer names. A backup that was cut off leaves the one before
it untouched, and the next run goes on with the copies that are there.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shopwright.adapters.backup_copy import (
    altered,
    check_integrity,
    copy_plain,
    copy_sqlite,
    digest_of,
    settled_digest,
)
from shopwright.adapters.backup_manifest import (
    NAME,
    BackedUpFile,
    BackupManifest,
    Kind,
    Purpose,
    read_manifest,
    write_manifest,
)
from shopwright.adapters.locks import WriterLock, make_folder, sync_folder
from shopwright.adapters.offline_manifest import write_durably
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import BadInput, Damaged, NotReady

FILES = "files"
LOCK = "backup.lock"
UNFINISHED = "unfinished.json"
_OURS = {FILES, LOCK, UNFINISHED, NAME, f"{NAME}.unfinished", f"{UNFINISHED}.unfinished"}


class _Unfinished(Struct, frozen=True):
    """What a backup that has not ended has copied so far; lost, it is only copied again."""

    files: tuple[BackedUpFile, ...]


class BackupFolder:
    """A folder while a backup is written into it.

    Raises BadInput for a folder that holds anything else, Damaged for the backup of another
    installation, Busy while another backup is written into it.
    """

    def __init__(
        self, folder: Path, purpose: Purpose, master_key: bytes, installation: str
    ) -> None:
        _refuse_foreign(folder)
        make_folder(folder)
        self._folder = folder
        self._purpose: Purpose = purpose
        self._master_key = master_key
        self._lock = WriterLock(folder / LOCK, f"the backup in {folder}")
        try:
            before = self._before(installation)
        except BaseException:
            self._lock.close()
            raise
        self._known = {file.path: file for file in before}
        self._taken: list[BackedUpFile] = []
        self._changed_folders: set[Path] = set()
        self.copied = 0
        """Files that had changed and were copied."""

    def take(self, path: str, source: Path, kind: Kind) -> BackedUpFile:
        """Bring the copy of one file of the data folder up to date.

        Raises FileNotFoundError when the file is gone, Damaged when it cannot be read.
        """
        known = self._known.get(path)
        digest = settled_digest(source) if kind == "sqlite" else digest_of(source)
        if known is None or digest is None or known.source != digest or not self._has(known):
            known = self._copy(path, source, kind, digest)
        self._taken.append(known)
        if kind == "sqlite":
            self._remember()
        return known

    @property
    def taken(self) -> tuple[BackedUpFile, ...]:
        """What was taken since this was opened."""
        return tuple(self._taken)

    def place(self, file: BackedUpFile) -> Path:
        """Return where a copy lies."""
        return self._folder / file.name

    def finish(self, manifest: BackupManifest) -> BackupManifest:
        """Let what was taken be the backup, and remove what it replaces; return its manifest."""
        manifest = replace(manifest, files=tuple(self._taken))
        for folder in sorted(self._changed_folders):
            sync_folder(folder)
        write_manifest(self._folder, manifest, self._master_key)
        (self._folder / UNFINISHED).unlink(missing_ok=True)
        _sweep(self._folder, {file.name for file in manifest.files})
        return manifest

    def close(self) -> None:
        """Let another process write into the folder."""
        self._lock.close()

    def _copy(self, path: str, source: Path, kind: Kind, digest: str | None) -> BackedUpFile:
        new = self._folder / FILES / f"{path}.new"
        self._make_folder(new.parent)
        new.unlink(missing_ok=True)
        (copy_sqlite if kind == "sqlite" else copy_plain)(source, new)
        if kind == "sqlite" and digest != settled_digest(source):
            digest = None  # it changed while it was copied
        file = BackedUpFile(
            path=path, kind=kind, sha256=digest_of(new), size=new.stat().st_size, source=digest
        )
        if self._has(file):
            new.unlink()  # only its write-ahead log had something in it
            return file
        if kind == "sqlite":
            _check_copy(source, new)
        new.replace(self.place(file))
        self.copied += 1
        return file

    def _make_folder(self, folder: Path) -> None:
        make_folder(folder)
        self._changed_folders.add(folder)

    def _has(self, file: BackedUpFile) -> bool:
        """A copy that was damaged where it lies is made again, not handed on."""
        place = self.place(file)
        return place.is_file() and digest_of(place) == file.sha256

    def _remember(self) -> None:
        body = msgspec.json.encode(_Unfinished(files=tuple(self._taken)))
        write_durably(self._folder / UNFINISHED, body)

    def _before(self, installation: str) -> Iterable[BackedUpFile]:
        """Return the copies that are there, of the last backup and of one that was cut off."""
        files: list[BackedUpFile] = []
        with suppress(NotReady):
            last = read_manifest(self._folder, self._purpose, self._master_key)
            if last.installation != installation:
                raise BadInput(
                    f"{self._folder}: this is the backup of another installation; name another "
                    "folder"
                )
            files += last.files
        with suppress(FileNotFoundError, *NOT_DECODABLE):
            body = (self._folder / UNFINISHED).read_bytes()
            files += msgspec.json.decode(body, type=_Unfinished).files
        return files


def verify(
    folder: Path,
    purpose: Purpose,
    master_key: bytes,
    on_file: Callable[[BackedUpFile], None] = lambda _: None,
) -> BackupManifest:
    """Read back every byte of a backup; return its manifest.

    Raises NotReady when there is none, Damaged naming the first file that is not what was backed
    up or that SQLite finds damaged.
    """
    manifest = read_manifest(folder, purpose, master_key)
    for file in manifest.files:
        check(folder, file)
        on_file(file)
    return manifest


def check(folder: Path, file: BackedUpFile) -> None:
    """Raise Damaged when a copy is not what was backed up."""
    place = folder / file.name
    if not place.is_file() or place.stat().st_size != file.size:
        raise altered(place)
    if digest_of(place) != file.sha256:
        raise altered(place)
    if file.kind == "sqlite":
        check_integrity(place)


def _check_copy(source: Path, copy: Path) -> None:
    """A damaged file must never take the place of the whole one in the backup."""
    try:
        check_integrity(copy)
    except Damaged as error:
        copy.unlink()
        raise Damaged(
            f"{source}: SQLite finds this file damaged, so the last whole backup was left as it "
            "is; `shopwright doctor --deep` says more"
        ) from error


def _sweep(folder: Path, named: set[str]) -> None:
    """Remove every copy that the manifest does not name: they may speak of erased people."""
    for path in sorted((folder / FILES).rglob("*"), reverse=True):
        if path.is_dir():
            with suppress(OSError):
                path.rmdir()  # only an empty one goes
        elif path.relative_to(folder).as_posix() not in named:
            path.unlink()
            sync_folder(path.parent)


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BadInput(f"{folder}: is no folder; name a folder for the backup")
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in _OURS)
    if foreign:
        raise BadInput(
            f"{folder}: holds {foreign[0]}, which is no part of a backup; name an empty folder, or "
            "one that holds an earlier backup"
        )
