"""Log → a second ledger: everything is told again, up to a position, beside the living one.

The very code that feeds the living ledger feeds this one, so equal content means that the living
ledger is what the log says. Nothing is copied to the online store, and no consumer moves.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from msgspec import Struct

from shopwright.core.clock import Clock
from shopwright.core.ports import EventLog, KeyStore, Ledger, Stores
from shopwright.core.types.ledger import Document
from shopwright.core.types.log import LogRecord, Position
from shopwright.features.definitions import VIEWS
from shopwright.features.view import FeatureView
from shopwright.pipelines.digest import (
    Entry,
    LedgerContent,
    document_entries,
    order_entries,
    product_entries,
)
from shopwright.pipelines.draft import Draft
from shopwright.pipelines.materialize import advance
from shopwright.pipelines.redrive import OFFSET_MAX
from shopwright.pipelines.unseal import Unsealer

DIFFERENCES_MAX = 10


class Rebuild:
    """Feeds a ledger of its own from the log; dead letters come about anew."""

    def __init__(
        self,
        *,
        log: EventLog,
        keys: KeyStore,
        stores: Stores,
        ledger: Ledger,
        clock: Clock,
        views: Sequence[FeatureView] = VIEWS,
    ) -> None:
        self._log = log
        self._unsealer = Unsealer(keys, stores)
        self._ledger = ledger
        self._draft = Draft(ledger, views)
        self._clock = clock

    def step(self, limit: int, end: Position) -> int:
        """Tell at most ``limit`` records again, none beyond ``end``; 0 when all are told."""
        through = self._ledger.through()
        records = read_up_to(self._log, through, end, limit)
        if records:
            told = self._unsealer.tell(records, self._clock.now_us())
            self._ledger.commit(self._draft.changes(told, advance(through, records)))
        return len(records)


def read_up_to(log: EventLog, after: Position, end: Position, limit: int) -> Sequence[LogRecord]:
    """Return at most ``limit`` records that lie after one position and not beyond the other."""
    reached = dict(after)
    while True:
        waiting = {
            partition: reached.get(partition, 0)
            for partition, last in end.items()
            if reached.get(partition, 0) < last
        }
        if not waiting:
            return ()
        elsewhere = dict.fromkeys(log.end(), OFFSET_MAX)
        records = log.read(Position({**elsewhere, **waiting}), limit)
        kept = [record for record in records if record.offset <= end.get(record.partition, -1)]
        if kept or not records:
            return kept
        # An erasure took the last ones: whatever comes now lies beyond the end.
        reached |= {record.partition: OFFSET_MAX for record in records}


class Difference(Struct, frozen=True, kw_only=True):
    """One document that two ledgers do not hold alike."""

    document: Document
    what: str
    """``tellings`` or ``versions``."""
    says: str
    """``only in the living ledger``, ``only in the rebuilt one``, or ``differs``."""


def differences(
    living: LedgerContent, rebuilt: LedgerContent, limit: int = DIFFERENCES_MAX
) -> list[Difference]:
    """Return the first documents that are not alike, in the order of their keys."""
    found: list[Difference] = []
    pairs = chain(
        _compared("tellings", document_entries(living), document_entries(rebuilt)),
        _compared("versions", order_entries(living), order_entries(rebuilt)),
        _compared("versions", product_entries(living), product_entries(rebuilt)),
    )
    for difference in pairs:
        if len(found) == limit:
            break
        found.append(difference)
    return found


def _compared(what: str, living: Iterator[Entry], rebuilt: Iterator[Entry]) -> Iterator[Difference]:
    """Walk two sorted streams side by side."""
    left, right = next(living, None), next(rebuilt, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0] < right[0]):
            assert left is not None
            yield Difference(document=left[0], what=what, says="only in the living ledger")
            left = next(living, None)
        elif left is None or right[0] < left[0]:
            yield Difference(document=right[0], what=what, says="only in the rebuilt one")
            right = next(rebuilt, None)
        else:
            if left[1] != right[1]:
                yield Difference(document=left[0], what=what, says="differs")
            left, right = next(living, None), next(rebuilt, None)
