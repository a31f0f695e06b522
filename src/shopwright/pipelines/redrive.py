"""Dead letters → facts: what could not be read is read again from the log, as it is today.

The order does not matter, because a document is a set of tellings; doing it twice changes nothing.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from shopwright.core.clock import Clock
from shopwright.core.ports import EventLog, KeyStore, Ledger, Stores
from shopwright.core.types.ledger import DeadLetter
from shopwright.core.types.log import LogRecord, Position
from shopwright.pipelines.materialize import Materializer
from shopwright.pipelines.unseal import Unsealer

BATCH_MAX = 500
"""Letters in one transaction: the stream of events waits for no longer than one of its batches."""

OFFSET_MAX = (1 << 63) - 1
_READ = 8
"""More than one, in case a partition is born between two looks and has its share of the read."""


class Redriven(Struct, frozen=True, kw_only=True):
    """What became of a batch of dead letters."""

    read: int
    """They could be read and are facts now."""
    dead: int
    """They still cannot be read."""
    erased: int
    """Their events are no longer in the log, or their keys were destroyed."""


class Redriver:
    """Reads dead letters again; for the process that owns the ledger."""

    def __init__(
        self,
        materializer: Materializer,
        *,
        log: EventLog,
        keys: KeyStore,
        stores: Stores,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._materializer = materializer
        self._log = log
        self._keys = keys
        self._unsealer = Unsealer(keys, stores)
        self._ledger = ledger
        self._clock = clock

    def step(self, letters: Sequence[DeadLetter]) -> Redriven:
        """Read at most ``BATCH_MAX`` letters again, in one transaction of the ledger.

        A letter that still cannot be read stays, with its new reason and one attempt more.
        """
        letters = letters[:BATCH_MAX]
        if not letters:
            return Redriven(read=0, dead=0, erased=0)
        records = self._records_of(letters)
        told = self._unsealer.tell(records, self._clock.now_us())
        self._materializer.ask(told)
        attempts = {(letter.partition, letter.offset): letter.attempts for letter in letters}
        still = [
            replace(letter, attempts=attempts[letter.partition, letter.offset] + 1)
            for letter in told.dead_letters
        ]
        changes = replace(
            self._materializer.changes(told, self._ledger.through()),
            dead_letters=still,
            settled=sorted(attempts),
        )
        revision = self._ledger.commit(changes)
        self._materializer.copy(changes.records, revision)
        erased = len(letters) - len(records) + self._without_key(records)
        return Redriven(read=len(letters) - erased - len(still), dead=len(still), erased=erased)

    def _records_of(self, letters: Sequence[DeadLetter]) -> list[LogRecord]:
        elsewhere = dict.fromkeys(self._log.end(), OFFSET_MAX)
        found = (record_of(self._log, letter, elsewhere) for letter in letters)
        return [record for record in found if record is not None]

    def _without_key(self, records: Sequence[LogRecord]) -> int:
        """Count the records that tell nothing because somebody was erased."""
        count = 0
        for record in records:
            subject = record.event.subject
            if subject is not None:
                count += not self._keys.open_keys(record.event.store_id, [subject])
        return count


def record_of(
    log: EventLog, letter: DeadLetter, elsewhere: dict[str, int] | None = None
) -> LogRecord | None:
    """Return the log record of a dead letter; None when it was erased.

    ``elsewhere`` names the log's partitions, each with an offset beyond its end.
    """
    beyond = dict.fromkeys(log.end(), OFFSET_MAX) if elsewhere is None else elsewhere
    after = Position({**beyond, letter.partition: letter.offset - 1})
    for record in log.read(after, _READ):
        if (record.partition, record.offset) == (letter.partition, letter.offset):
            return record
    return None
