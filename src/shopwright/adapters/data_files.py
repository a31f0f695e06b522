"""Which SQLite files a data folder holds, and whether each is of a kind and format known here."""

import sqlite3
from contextlib import closing
from fnmatch import fnmatchcase
from pathlib import Path

from shopwright.adapters import control_schema, keys_schema, ledger_schema, log_consumers
from shopwright.adapters import log_segments as segments
from shopwright.adapters.sqlite_database import explained
from shopwright.adapters.sqlite_file import (
    CONTROL,
    KEYS,
    LEDGER,
    LOG_CONSUMERS,
    LOG_SEGMENT,
    FileKind,
)
from shopwright.core.errors import Damaged, TooNew

NEWEST = {
    LOG_SEGMENT: len(segments.MIGRATIONS),
    LOG_CONSUMERS: len(log_consumers.MIGRATIONS),
    LEDGER: len(ledger_schema.MIGRATIONS),
    KEYS: len(keys_schema.MIGRATIONS),
    CONTROL: len(control_schema.MIGRATIONS),
}
"""The format that this Shopwright writes."""

_PLACES = (
    ("log/consumers.sqlite", LOG_CONSUMERS),
    ("ledger/*.sqlite", LEDGER),
    ("log/*/*.sqlite", LOG_SEGMENT),
    ("control.db", CONTROL),
    ("keys.db", KEYS),
)
"""In the order in which a backup takes them. What consumers of the log no longer need comes first:
said later than the ledger, it could let retention remove what a restored ledger has not taken. The
ledger is never ahead of the log, or new records would fall behind its position and be skipped; no
row is ahead of the keys."""


def sqlite_files(home: Path) -> dict[str, FileKind]:
    """Return every SQLite file that cannot be made again, by its path below the data folder."""
    found: dict[str, FileKind] = {}
    for pattern, kind in _PLACES:
        for path in sorted(home.glob(pattern)):
            found.setdefault(path.relative_to(home).as_posix(), kind)
    return found


def kind_of(path: str) -> FileKind | None:
    """Return the kind that a path below the data folder says; None for anything else."""
    return next((kind for pattern, kind in _PLACES if fnmatchcase(path, pattern)), None)


def format_of(path: Path, kind: FileKind, *, still: bool = False) -> int:
    """Return the format of a file without changing it; ``still`` when nobody can be writing it.

    Raises Damaged for another kind, TooNew for a later format, OSError.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    with explained(path, kind.remedy), closing(sqlite3.connect(uri, uri=True)) as connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != kind.application_id:
        raise Damaged(f"{path} is no {kind.name}; {kind.remedy}")
    if version > NEWEST[kind]:
        raise TooNew(
            f"{path}: this {kind.name} has format {version}, which is newer than the "
            f"{NEWEST[kind]} known here; upgrade Shopwright"
        )
    return int(version)
