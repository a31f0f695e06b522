"""Appends to one partition of the log, and knows again what came in its last days.

Shopify retries for four hours and may deliver a day late. The current segment and the three before
it cover at least the last three days, however the clock was set.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

from shopwright.adapters.locks import WriterLock, make_folder
from shopwright.adapters.log_segments import COLUMNS, SegmentFolder, open_to_append, to_row
from shopwright.adapters.sqlite_database import Database
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.event import SealedEvent
from shopwright.core.types.log import Appended

REMEMBERED_SEGMENTS = 3
KEYS_IN_A_QUERY_MAX = 256

_INSERT = f"INSERT INTO events ({COLUMNS}) VALUES ({','.join('?' * 11)}) ON CONFLICT DO NOTHING"


class PartitionWriter:
    """The only writer of a partition's folder; raises Busy while another one lives."""

    def __init__(self, folder: Path, partition: str) -> None:
        make_folder(folder)
        self._folder = folder
        self._turn = Lock()
        self._lock = WriterLock(folder / "writer.lock", f"the log partition {partition}")
        self._segments: list[tuple[int, Database]] = []
        try:
            for day in SegmentFolder(folder).days()[-REMEMBERED_SEGMENTS - 1 :]:
                self._segments.append((day, open_to_append(folder, day)))
        except BaseException:
            self.close()
            raise

    def append(self, events: Sequence[SealedEvent]) -> Appended:
        """Store what is new in one transaction; on return it is on disk."""
        if not events:
            return Appended(new=0, duplicates=0)
        with self._turn:
            current = self._segment_of(max(event.received_us for event in events) // US_PER_DAY)
            rows = [to_row(event) for event in self._unknown(events)]
            with current.transaction() as connection:
                before = connection.total_changes
                connection.executemany(_INSERT, rows)
                new = connection.total_changes - before
        return Appended(new=new, duplicates=len(events) - new)

    def close(self) -> None:
        """Close the files and let another process write."""
        for _, segment in self._segments:
            segment.close()
        self._segments.clear()
        self._lock.close()

    def _segment_of(self, day: int) -> Database:
        """Return the day's segment, or the newest when the clock has gone back behind it."""
        if not self._segments or day > self._segments[-1][0]:
            self._segments.append((day, open_to_append(self._folder, day)))
            for _, forgotten in self._segments[: -REMEMBERED_SEGMENTS - 1]:
                forgotten.close()
            del self._segments[: -REMEMBERED_SEGMENTS - 1]
        return self._segments[-1][1]

    def _unknown(self, events: Sequence[SealedEvent]) -> list[SealedEvent]:
        """Return the events that no earlier segment holds; the current one finds its own."""
        deliveries: set[bytes] = set()
        contents: set[bytes] = set()
        content_keys = [event.content_key for event in events if event.content_key is not None]
        for _, segment in self._segments[:-1]:
            deliveries |= _known(segment, "delivery_key", [e.delivery_key for e in events])
            contents |= _known(segment, "content_key", content_keys)
        return [
            event
            for event in events
            if event.delivery_key not in deliveries and event.content_key not in contents
        ]


def _known(segment: Database, column: str, keys: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for part in _parts(keys):
        marks = ",".join("?" * len(part))
        query = f"SELECT {column} FROM events WHERE {column} IN ({marks})"
        found.update(row[0] for row in segment.rows(query, part))
    return found


def _parts(keys: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Cut the keys into parts whose lengths are powers of two: SQLite prepares nine queries."""
    for start in range(0, len(keys), KEYS_IN_A_QUERY_MAX):
        part = list(keys[start : start + KEYS_IN_A_QUERY_MAX])
        length = 1 << (len(part) - 1).bit_length()
        yield part + part[:1] * (length - len(part))
