"""Reads one partition of the log while its writer goes on: cheap when nothing is new."""

from collections.abc import Sequence
from pathlib import Path

from shopwright.adapters.log_segments import (
    COLUMNS,
    ROW_BITS,
    ROW_MASK,
    SegmentFolder,
    open_to_forget,
    open_to_read,
    to_record,
)
from shopwright.adapters.sqlite_database import Database
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.log import LogRecord

_READ = f"SELECT row, {COLUMNS} FROM events WHERE row > ? ORDER BY row LIMIT ?"
_NEWEST = "SELECT max(row) FROM events"
_OF_SUBJECT = "SELECT row FROM events WHERE subject = ? AND store_id = ?"
_OF_STORE = "SELECT row FROM events WHERE store_id = ?"


class PartitionReader:
    """One partition as a consumer sees it; it never keeps the writer waiting."""

    def __init__(self, folder: Path) -> None:
        self.partition = folder.name
        self._folder = SegmentFolder(folder)
        self._open: dict[int, Database] = {}
        self._seen: tuple[int, int] | None = None
        self._end: int | None = None

    def end(self) -> int | None:
        """Return the offset of the newest record; None while there is none."""
        days = self._folder.days()
        if not days:
            return None
        seen = (days[-1], self._segment(days[-1]).version())
        if seen != self._seen:
            self._end = self._newest(days)
            self._seen = seen
        return self._end

    def read(self, after: int, limit: int) -> list[LogRecord]:
        """Return at most ``limit`` records beyond the offset, in order."""
        records: list[LogRecord] = []
        for day in self._folder.days():
            if len(records) == limit:
                break
            if day >= after >> ROW_BITS:
                records += self._read_day(day, after, limit - len(records))
        return records

    def forget(self, store_id: StoreId, subject: Pseudonym | None) -> int:
        """Delete the events of a subject, or of the store, in every segment, and their traces."""
        days = self._folder.days()
        return sum(
            _forget_in(self._folder.path, day, store_id, subject, closed=day != days[-1])
            for day in days
        )

    def close(self) -> None:
        """Close the files."""
        for segment in self._open.values():
            segment.close()
        self._open.clear()
        self._seen = None

    def _read_day(self, day: int, after: int, limit: int) -> list[LogRecord]:
        row = after & ROW_MASK if day == after >> ROW_BITS else 0
        rows = self._segment(day).rows(_READ, (row, limit))
        return [to_record(self.partition, day, row) for row in rows]

    def _newest(self, days: Sequence[int]) -> int | None:
        for day in reversed(days):
            row = self._segment(day).number(_NEWEST)
            if row is not None:
                return day << ROW_BITS | row
        return None

    def _segment(self, day: int) -> Database:
        """Return the open segment of a day; only the newest stays open beside the last one used."""
        if day not in self._open:
            newest = self._folder.days()[-1]
            for other in [other for other in self._open if other not in (newest, day)]:
                self._open.pop(other).close()
            self._open[day] = open_to_read(self._folder.path, day)
        return self._open[day]


def _forget_in(
    folder: Path, day: int, store_id: StoreId, subject: Pseudonym | None, *, closed: bool
) -> int:
    """Look first and delete by row: the writer waits for the deletion only, not for the search.

    A whole store leaves its name in many gaps. A segment that gets no more events is written anew.
    """
    segment = open_to_forget(folder, day)
    try:
        if subject is None:
            rows = segment.rows(_OF_STORE, (store_id,))
        else:
            rows = segment.rows(_OF_SUBJECT, (subject, store_id))
        if rows:
            with segment.transaction() as connection:
                connection.executemany("DELETE FROM events WHERE row = ?", rows)
        if closed and subject is None and segment.number("PRAGMA freelist_count"):
            segment.compact()
        # Also without rows: an earlier call may have deleted them and found the file busy.
        segment.erase_traces()
        return len(rows)
    finally:
        segment.close()
