"""Copies one file beside the processes that use it, and tells whether a copy is what it was."""

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from shopwright.adapters.sqlite_database import explained
from shopwright.core.errors import Damaged

PAGES_A_STEP = 1_024
"""4 MiB: between two steps the copy can be interrupted."""
_CHUNK = 1 << 20


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy an SQLite file as it is at one instant; ``target`` is on disk on return.

    The open read transaction pins the instant: without it SQLite begins the copy anew at every
    commit of the writer and might never end. Nobody waits meanwhile; only the write-ahead log
    grows. Raises FileNotFoundError, Damaged, OSError.
    """
    if not source.exists():
        raise FileNotFoundError(str(source))
    with explained(source), closing(_reader(source)) as reader, closing(_new(target)) as copy:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        reader.backup(copy, pages=PAGES_A_STEP, sleep=0)
    sync_file(target)


def copy_plain(source: Path, target: Path) -> None:
    """Copy a file that is only ever replaced whole; ``target`` is on disk on return."""
    shutil.copyfile(source, target)
    target.chmod(0o600)
    sync_file(target)


def settled_digest(source: Path) -> str | None:
    """Return the SHA-256 of an SQLite file that holds all of its content; None otherwise.

    A write-ahead log that is not empty holds the rest, and a writer may empty it at any moment.
    """
    if _has_log(source):
        return None
    digest = digest_of(source)
    return None if _has_log(source) else digest


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_checked(source: Path, target: Path, sha256: str) -> None:
    """Copy a file of a backup durably. Raises Damaged when it is not what was backed up."""
    digest = hashlib.sha256()
    with source.open("rb") as old, target.open("xb") as new:
        os.fchmod(new.fileno(), 0o600)
        while chunk := old.read(_CHUNK):
            digest.update(chunk)
            new.write(chunk)
        new.flush()
        os.fsync(new.fileno())
    if digest.hexdigest() != sha256:
        raise altered(source)


def check_integrity(path: Path, *, still: bool = True) -> None:
    """Walk every page of an SQLite file; ``still`` when nobody can be writing it.

    Raises Damaged.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    with explained(path), closing(sqlite3.connect(uri, uri=True)) as connection:
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise Damaged(f"{path}: SQLite finds it damaged ({found}); use another backup")


def altered(path: Path) -> Damaged:
    """Return the error of a copy that has changed since it was written."""
    return Damaged(
        f"{path}: this file of the backup is not what was backed up; use another backup, and "
        "delete this folder before the next `shopwright backup` into it"
    )


def sync_file(path: Path) -> None:
    """Let a file's bytes reach the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _has_log(source: Path) -> bool:
    log = source.with_name(f"{source.name}-wal")
    try:
        return log.stat().st_size > 0
    except FileNotFoundError:
        return False


def _reader(source: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0, isolation_level=None
    )


def _new(target: Path) -> sqlite3.Connection:
    target.touch(mode=0o600)
    connection = sqlite3.connect(target, isolation_level=None)
    # The file is synced once, when it is whole; a copy that was cut off is thrown away.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    return connection
