"""How the log lies on disk: a folder for each writer, in it one SQLite segment for each UTC day.

An offset is ``day << 40 | row``: it grows with the row within a day and with the day. Rows are
numbered with AUTOINCREMENT, so an offset is never given twice, not even after an erasure.
"""

import re
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from shopwright.adapters.sqlite_database import Database
from shopwright.adapters.sqlite_file import LOG_SEGMENT, open_database
from shopwright.core.errors import BadInput
from shopwright.core.types.event import SealedEvent
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.log import LogRecord

ROW_BITS = 40
ROW_MASK = (1 << ROW_BITS) - 1

SETTLE_SECONDS = 2.0
"""Coarsest time stamp of a file system that is still believed; see ``SegmentFolder``."""

MIGRATIONS = (
    (
        # The sealed body comes last, so that a search by subject does not read it.
        """CREATE TABLE events (
            row INTEGER PRIMARY KEY AUTOINCREMENT,
            delivery_key BLOB NOT NULL UNIQUE,
            content_key BLOB UNIQUE,
            store_id TEXT NOT NULL,
            topic TEXT NOT NULL,
            delivery_id TEXT NOT NULL,
            triggered_us INTEGER,
            received_us INTEGER NOT NULL,
            api_version TEXT,
            subject_kind TEXT,
            subject BLOB,
            sealed BLOB NOT NULL
        ) STRICT""",
    ),
)

_EPOCH = date(1970, 1, 1)
_SEGMENT = re.compile(r"(\d{4}-\d{2}-\d{2})\.sqlite", re.ASCII)
_PARTITION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


def check_partition(name: str) -> str:
    """Return a partition's name if it can be a folder's; raise BadInput otherwise."""
    if not _PARTITION.fullmatch(name):
        raise BadInput(
            f"{name!r} cannot name a partition of the log; use lower-case letters, digits and "
            "dashes such as web-0"
        )
    return name


def segment_path(folder: Path, day: int) -> Path:
    """Return where the segment of a day (days since 1970-01-01) lies."""
    return folder / f"{(_EPOCH + timedelta(days=day)).isoformat()}.sqlite"


def open_to_append(folder: Path, day: int) -> Database:
    """Open the segment of a day, making it when it is not there."""
    return open_database(segment_path(folder, day), LOG_SEGMENT, MIGRATIONS)


def open_to_read(folder: Path, day: int) -> Database:
    """Open a segment that is there; nothing can be changed in it."""
    return open_database(
        segment_path(folder, day), LOG_SEGMENT, MIGRATIONS, query_only=True, make=False
    )


def open_to_forget(folder: Path, day: int) -> Database:
    """Open a segment that is there; what is deleted from it is overwritten."""
    return open_database(
        segment_path(folder, day), LOG_SEGMENT, MIGRATIONS, secure_delete=True, make=False
    )


class SegmentFolder:
    """The segments of one partition, listed again only when the folder may have changed.

    The folder's time stamp tells, but two changes within one tick of the file system's clock give
    one stamp. So a stamp that moved is not believed until it has stood still for a while.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = -1
        self._believed_from = 0.0
        self._days: tuple[int, ...] = ()

    def days(self) -> tuple[int, ...]:
        """Return the days that have a segment, oldest first."""
        stamp = self.path.stat().st_mtime_ns
        seconds = time.monotonic()
        if stamp != self._stamp:
            self._stamp = stamp
            self._believed_from = seconds + SETTLE_SECONDS
        elif seconds > self._believed_from:
            return self._days
        self._days = tuple(sorted(_days_in(self.path)))
        return self._days


def _days_in(folder: Path) -> list[int]:
    found = (_SEGMENT.fullmatch(entry.name) for entry in folder.iterdir())
    return [(date.fromisoformat(name[1]) - _EPOCH).days for name in found if name is not None]


COLUMNS = (
    "delivery_key, content_key, store_id, topic, delivery_id, triggered_us, received_us, "
    "api_version, subject_kind, subject, sealed"
)


def to_row(event: SealedEvent) -> tuple[Any, ...]:
    """Return an event in the order of ``COLUMNS``."""
    return (
        event.delivery_key,
        event.content_key,
        event.store_id,
        event.topic,
        event.delivery_id,
        event.triggered_us,
        event.received_us,
        event.api_version,
        event.subject_kind,
        event.subject,
        event.sealed,
    )


def to_record(partition: str, day: int, row: tuple[Any, ...]) -> LogRecord:
    """Return the record of a row that begins with its number and goes on with ``COLUMNS``."""
    return LogRecord(
        partition=partition,
        offset=day << ROW_BITS | row[0],
        event=SealedEvent(
            delivery_key=row[1],
            content_key=row[2],
            store_id=row[3],
            topic=row[4],
            delivery_id=row[5],
            triggered_us=row[6],
            received_us=row[7],
            api_version=row[8],
            subject_kind=row[9],
            subject=None if row[10] is None else Pseudonym(row[10]),
            sealed=row[11],
        ),
    )
