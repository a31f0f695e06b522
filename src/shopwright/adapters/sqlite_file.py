"""Opens SQLite files: each says what it is and which format it has, and is brought forward.

A file is made under another name and renamed when it is whole. So a file that is there was once
complete, and an empty or foreign one is refused instead of being taken for a new one: a key file
that lost its content must never quietly become a fresh one.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from shopwright.adapters.locks import alone_in, make_folder, sync_folder
from shopwright.adapters.sqlite_database import RESTORE, Database, explained
from shopwright.core.errors import Damaged, TooNew

BUSY_SECONDS = 10.0
"""How long a transaction waits for another process's before it gives up with Busy."""

CHECKPOINT_PAGES = 4_000
"""The write-ahead log is copied into the file at 16 MB: at SQLite's default of 4 MB the copying
costs a loaded intake a fifth of its rate."""

Migration = Sequence[str]
"""SQL statements that take a file from format n to n + 1; they are run in one transaction."""


class FileKind(NamedTuple):
    """What a file says it is, in SQLite's ``application_id``."""

    name: str
    application_id: int
    remedy: str = RESTORE
    """What to do when one is damaged."""


LOG_SEGMENT = FileKind("segment of the event log", 0x53570001)
LOG_CONSUMERS = FileKind("list of log consumers", 0x53570002)
LEDGER = FileKind("ledger", 0x53570003, "`shopwright replay --adopt` builds it again from the log")
KEYS = FileKind("key file", 0x53570004)
CONTROL = FileKind("control file", 0x53570005)


def open_database(
    path: Path,
    kind: FileKind,
    migrations: Sequence[Migration],
    *,
    secure_delete: bool = False,
    query_only: bool = False,
    cache_mib: int = 4,
    make: bool = True,
) -> Database:
    """Open a file in the newest format, migrating it first, and making it when it is not there.

    The newest format is ``len(migrations)``; the first migration makes format 1 out of nothing. A
    process that dies in a migration leaves the older format, and the next one starts it again.
    Write-ahead log, ``synchronous=FULL``: a committed transaction is on disk.
    ``secure_delete`` overwrites what is deleted. ``query_only`` refuses writes.
    Raises Damaged for a file of another kind, TooNew for a later format, and OSError when the file
    is not there and ``make`` is False.
    """
    if make and not path.exists():
        make_folder(path.parent)
        _make(path, kind, migrations)
    connection = _connect(path)
    try:
        with explained(path, kind.remedy):
            _bring_forward(connection, path, kind, migrations)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA secure_delete = {'ON' if secure_delete else 'OFF'}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute(f"PRAGMA cache_size = {-1024 * cache_mib}")
            connection.execute(f"PRAGMA query_only = {'ON' if query_only else 'OFF'}")
    except BaseException:
        connection.close()
        raise
    return Database(path, connection, kind.remedy)


def _make(path: Path, kind: FileKind, migrations: Sequence[Migration]) -> None:
    with alone_in(path.parent):
        if path.exists():
            return
        _refuse_orphan(path, kind)
        new = path.with_name(f"{path.name}.new")
        for leftover in path.parent.glob(f"{new.name}*"):
            leftover.unlink()
        new.touch(mode=0o600)
        connection = _connect(new)
        try:
            with explained(new):
                connection.execute(f"PRAGMA application_id = {kind.application_id}")
                for number in range(len(migrations)):
                    _migrate(connection, number, migrations[number])
                connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
        new.rename(path)
        sync_folder(path.parent)


def _refuse_orphan(path: Path, kind: FileKind) -> None:
    """A write-ahead log without its file would be replayed into the new one."""
    orphan = path.with_name(f"{path.name}-wal")
    if orphan.exists():
        raise Damaged(
            f"{path}: the file is gone, but its write-ahead log {orphan.name} is there; "
            f"{kind.remedy}, or move the write-ahead log away to begin anew"
        )


def _connect(path: Path) -> sqlite3.Connection:
    with explained(path):
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )


def _bring_forward(
    connection: sqlite3.Connection, path: Path, kind: FileKind, migrations: Sequence[Migration]
) -> None:
    written = _number(connection, "application_id")
    if written != kind.application_id:
        raise Damaged(
            f"{path}: this is not a {kind.name} of Shopwright (it says {written:#x} instead of "
            f"{kind.application_id:#x}); move it away; {kind.remedy}"
        )
    found = _number(connection, "user_version")
    if found > len(migrations):
        raise TooNew(
            f"{path}: this {kind.name} has format {found}, and this Shopwright knows formats up to "
            f"{len(migrations)}; upgrade Shopwright, or use another data folder"
        )
    if found < len(migrations):
        with alone_in(path.parent):
            for number in range(found, len(migrations)):
                _migrate(connection, number, migrations[number])


def _migrate(connection: sqlite3.Connection, number: int, migration: Migration) -> None:
    """Go from format ``number`` to the next, unless another process has just done so."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _number(connection, "user_version") == number:
            for statement in migration:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
