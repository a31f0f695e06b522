"""The socket of the event log."""

from collections.abc import Sequence
from typing import Protocol

from shopwright.core.types.event import SealedEvent
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.log import Appended, LogRecord, Position


class EventLog(Protocol):
    """Durable, ordered within a partition, free of duplicates."""

    def append(self, events: Sequence[SealedEvent]) -> Appended:
        """Store what is new; on return it is on disk. Raises OSError and stores nothing else."""
        ...

    def read(self, after: Position, limit: int) -> Sequence[LogRecord]:
        """Return at most ``limit`` records that lie after the position, each partition in order."""
        ...

    def end(self) -> Position:
        """Return the position of the newest record of every partition."""
        ...

    def commit(self, consumer: str, through: Position) -> None:
        """Remember how far a consumer has come, so that nothing it still needs is removed."""
        ...

    def forget(self, store_id: StoreId, subject: Pseudonym | None) -> int:
        """Remove every event sealed under the subject's key; say how many there were.

        None removes every event of the store.
        """
        ...
