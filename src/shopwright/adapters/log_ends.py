"""How far segments of the log reach, read from the files themselves."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import date
from pathlib import Path

from shopwright.adapters.log_segments import ROW_BITS, ROW_MASK
from shopwright.adapters.sqlite_database import explained

_EPOCH = date(1970, 1, 1)


def last_offset(path: Path, day: str) -> int | None:
    """Return the last offset that a segment ever gave; None for one that never held a record.

    An erasure may have taken the record itself away. ``day`` is the segment's (``2026-11-24``).
    Nobody may be writing the file.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with explained(path), closing(sqlite3.connect(uri, uri=True)) as connection:
        row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return None if row is None else (date.fromisoformat(day) - _EPOCH).days << ROW_BITS | row[0]


def ahead(through: dict[str, int], segments: Iterable[tuple[str, int | None]]) -> list[str]:
    """Return the partitions of which a ledger has taken more than the log holds.

    ``segments`` are (partition, last offset). A segment that retention removed is no witness.
    """
    found: dict[str, int] = {}
    for partition, last in segments:
        if last is not None:
            found[partition] = max(last, found.get(partition, 0))
    return sorted(
        partition
        for partition, offset in through.items()
        if offset & ROW_MASK and found.get(partition, offset) < offset
    )
