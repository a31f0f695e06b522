"""EventLog in memory, for tests: what it promises is the log's contract without the disk."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import partial

from shopwright.adapters.log_turns import read_in_turns
from shopwright.core.types.event import SealedEvent
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.log import Appended, LogRecord, Position


class MemoryLog:
    """A log that lasts as long as the object.

    ``beside`` is another log whose partitions this one shares: two writers, or a writer and a
    reader, as in one folder.
    """

    def __init__(self, partition: str = "memory", *, beside: "MemoryLog | None" = None) -> None:
        self._partition = partition
        self._partitions: dict[str, _Partition] = {} if beside is None else beside._partitions
        self._consumers: dict[str, Position] = {} if beside is None else beside._consumers
        self._reads = 0

    def append(self, events: Sequence[SealedEvent]) -> Appended:
        """Store what is new; duplicates are remembered for ever."""
        partition = self._partitions.setdefault(self._partition, _Partition(self._partition))
        new = sum(partition.add(event) for event in events)
        return Appended(new=new, duplicates=len(events) - new)

    def read(self, after: Position, limit: int) -> Sequence[LogRecord]:
        """Return at most ``limit`` records; every partition that waits gets a share of them."""
        waiting = [
            partial(partition.read, after.get(name, 0))
            for name, partition in sorted(self._partitions.items())
            if partition.end() > after.get(name, 0)
        ]
        self._reads += 1
        return read_in_turns(waiting, self._reads, limit)

    def end(self) -> Position:
        """Return the position of the newest record of every partition."""
        return Position(
            {
                name: partition.end()
                for name, partition in sorted(self._partitions.items())
                if partition.records
            }
        )

    def commit(self, consumer: str, through: Position) -> None:
        """Remember how far a consumer has come."""
        self._consumers[consumer] = Position(dict(through))

    def forget(self, store_id: StoreId, subject: Pseudonym | None) -> int:
        """Remove every event sealed under the subject's key, or all of the store's."""
        return sum(partition.forget(store_id, subject) for partition in self._partitions.values())

    def committed(self) -> Mapping[str, Position]:
        """Return how far every consumer has come."""
        return dict(self._consumers)


class _Partition:
    def __init__(self, name: str) -> None:
        self.name = name
        self.records: list[LogRecord] = []
        self._newest = 0
        self._known: set[tuple[str, bytes]] = set()

    def end(self) -> int:
        return self.records[-1].offset if self.records else 0

    def add(self, event: SealedEvent) -> bool:
        keys = _keys(event)
        if self._known & keys:
            return False
        self._known |= keys
        self._newest += 1
        self.records.append(LogRecord(partition=self.name, offset=self._newest, event=event))
        return True

    def read(self, after: int, limit: int) -> list[LogRecord]:
        start = bisect_right(self.records, after, key=lambda record: record.offset)
        return self.records[start : start + limit]

    def forget(self, store_id: StoreId, subject: Pseudonym | None) -> int:
        forgotten = [
            record
            for record in self.records
            if record.event.store_id == store_id and subject in (None, record.event.subject)
        ]
        for record in forgotten:
            self._known -= _keys(record.event)
            self.records.remove(record)
        return len(forgotten)


def _keys(event: SealedEvent) -> set[tuple[str, bytes]]:
    """Return what may be in the partition once."""
    keys = {("delivery", event.delivery_key)}
    return keys if event.content_key is None else keys | {("content", event.content_key)}
