"""EventLog on SQLite: one writing process a partition, any number of readers of all of them."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Lock

from shopwright.adapters.locks import make_folder
from shopwright.adapters.log_consumers import Consumers
from shopwright.adapters.log_reader import PartitionReader
from shopwright.adapters.log_segments import check_partition
from shopwright.adapters.log_turns import read_in_turns
from shopwright.adapters.log_writer import PartitionWriter
from shopwright.core.errors import BadInput
from shopwright.core.types.event import SealedEvent
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.log import Appended, LogRecord, Position


class SqliteLog:
    """The log in a folder; with a partition it writes that one, without it only reads.

    Raises BadInput for a name that cannot be a partition's, Busy when the partition has a writer,
    and wherever a file is read, Damaged or TooNew naming the file.
    """

    def __init__(self, folder: Path, partition: str | None = None) -> None:
        make_folder(folder)
        self._folder = folder
        self._writer = (
            None
            if partition is None
            else PartitionWriter(folder / check_partition(partition), partition)
        )
        self._readers: dict[str, PartitionReader] = {}
        self._consumers: Consumers | None = None
        self._turn = Lock()
        self._reads = 0

    def append(self, events: Sequence[SealedEvent]) -> Appended:
        """Store what is new; on return it is on disk.

        The segment is that of the newest ``received_us``, so a batch around midnight stays whole.
        Raises OSError with the file's name when the disk is full or fails: then nothing of the
        batch is stored. Two partitions may each take the same delivery once; the ledger, which
        keeps sets of tellings, does not count it twice.
        """
        if self._writer is None:
            raise BadInput(f"{self._folder}: this log was opened for reading; name a partition")
        return self._writer.append(events)

    def read(self, after: Position, limit: int) -> Sequence[LogRecord]:
        """Return at most ``limit`` records; every waiting partition gets a fair share of them."""
        with self._turn:
            waiting = [
                partial(reader.read, after.get(reader.partition, 0))
                for reader in self._partitions()
                if (reader.end() or 0) > after.get(reader.partition, 0)
            ]
            self._reads += 1
            return read_in_turns(waiting, self._reads, limit)

    def end(self) -> Position:
        """Return the position of the newest record of every partition that has one."""
        with self._turn:
            ends = {reader.partition: reader.end() for reader in self._partitions()}
        return Position({name: offset for name, offset in ends.items() if offset is not None})

    def commit(self, consumer: str, through: Position) -> None:
        """Remember in ``consumers.sqlite`` how far a consumer has come."""
        with self._turn:
            self._opened_consumers().commit(consumer, through)

    def forget(self, store_id: StoreId, subject: Pseudonym | None) -> int:
        """Remove every event sealed under the subject's key, beside living writers too.

        None removes every event of the store.

        Destroy the key first: an event that arrives meanwhile is then no longer sealed under it.
        Raises Busy when traces remain in a write-ahead log; calling again finishes the work.
        """
        with self._turn:
            return sum(reader.forget(store_id, subject) for reader in self._partitions())

    def committed(self) -> Mapping[str, Position]:
        """Return how far every consumer has come."""
        with self._turn:
            return self._opened_consumers().positions()

    def close(self) -> None:
        """Close every file and give the partition back."""
        with self._turn:
            for reader in self._readers.values():
                reader.close()
            self._readers.clear()
            if self._consumers is not None:
                self._consumers.close()
                self._consumers = None
            if self._writer is not None:
                self._writer.close()

    def _partitions(self) -> list[PartitionReader]:
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name not in self._readers and entry.is_dir():
                    self._readers[entry.name] = PartitionReader(self._folder / entry.name)
        return [self._readers[name] for name in sorted(self._readers)]

    def _opened_consumers(self) -> Consumers:
        if self._consumers is None:
            self._consumers = Consumers(self._folder / "consumers.sqlite")
        return self._consumers
