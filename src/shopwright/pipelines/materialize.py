"""Log → tellings → versions → packed records: one batch, one transaction, then the read copy.

Nothing here depends on the order or the number of times in which events arrive: each document keeps
the set of what was told of it, and its versions are a pure function of that set.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from shopwright.core.clock import Clock
from shopwright.core.ports import (
    EventLog,
    KeyStore,
    Ledger,
    LedgerFeed,
    OnlineStore,
    PrivacyRequests,
    Stores,
)
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, LedgerChanges
from shopwright.core.types.log import LogRecord, Position
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.revision import generation
from shopwright.features.definitions import VIEWS
from shopwright.features.view import FeatureView
from shopwright.pipelines.books import Touched
from shopwright.pipelines.draft import Draft
from shopwright.pipelines.tally import ItemTally
from shopwright.pipelines.unseal import Told, Unsealer
from shopwright.privacy.erasure import version_without_customer

REPAIR_RECORDS_MAX = 5_000


class Step(Struct, frozen=True, kw_only=True):
    """What one batch did."""

    records: int
    """Log records taken; 0 when the log holds nothing new."""
    tellings: int
    dead_topics: tuple[str, ...]
    """The topic of each event that could not be read."""
    entities: int
    received_us: tuple[int, ...]
    """When each record reached us, for the event-to-feature measure."""


class Materializer:
    """The only writer of the ledger and of the online store."""

    def __init__(  # noqa: PLR0913 - one for each port that it works on
        self,
        *,
        log: EventLog,
        keys: KeyStore,
        stores: Stores,
        ledger: Ledger,
        feed: LedgerFeed,
        online: OnlineStore,
        requests: PrivacyRequests,
        clock: Clock,
        views: Sequence[FeatureView] = VIEWS,
        tally: ItemTally | None = None,
    ) -> None:
        self._log = log
        self._unsealer = Unsealer(keys, stores)
        self._stores = stores
        self._ledger = ledger
        self._draft = Draft(ledger, views, tally)
        self._tally = tally
        items = tally.views if tally is not None else ()
        self._copied_views = [*(view.name for view in views), *(view.name for view in items)]
        self._feed = feed
        self._online = online
        self._requests = requests
        self._clock = clock

    def step(self, limit: int) -> Step:
        """Take at most ``limit`` records from the log; return what became of them."""
        through = self._ledger.through()
        records = self._log.read(through, limit)
        if not records:
            return Step(records=0, tellings=0, dead_topics=(), entities=0, received_us=())
        told = self._unsealer.tell(records, self._clock.now_us())
        self.ask(told)
        changes = self.changes(told, advance(through, records))
        revision = self._ledger.commit(changes)
        self.copy(changes.records, revision)
        self._log.commit("materialize", changes.through)
        return Step(
            records=len(records),
            tellings=sum(len(tellings) for tellings in told.tellings.values()),
            dead_topics=tuple(letter.topic for letter in told.dead_letters),
            entities=len(changes.records),
            received_us=tuple(record.event.received_us for record in records),
        )

    def redraw(self, documents: Sequence[Document]) -> None:
        """Derive orders again from what is still told of them, after an erasure took from it."""
        known = self._ledger.tellings(documents)
        if not known:
            return
        now_us = self._clock.now_us()
        told = Told(tellings=known, received_us=dict.fromkeys(known, now_us), dead_letters=())
        changes = self.changes(told, self._ledger.through())
        revision = self._ledger.commit(changes)
        self.copy(changes.records, revision)

    def disown(self, store_id: StoreId, customer: Pseudonym) -> None:
        """Let a customer's orders be nobody's, and the customer no buyer of anything.

        To be done before the ledger forgets the customer: afterwards nobody knows of which days
        the customer's latest orders were.
        """
        own = self._ledger.orders_of(store_id, [customer]).get(customer, ())
        if self._tally is None or not own:
            return
        documents = sorted({Document(store_id, "order", version.order) for version in own})
        orders = {
            document: tuple(
                version_without_customer(version) if version.customer == customer else version
                for version in chain
            )
            for document, chain in self._feed.chains(documents).items()
        }
        touched = Touched(store_id, customer, own, ())
        now_us = {store_id: self._clock.now_us()}
        self._commit(orders, self._tally.records(orders, [touched], now_us))

    def tally_store(self, store_id: StoreId) -> int:
        """Count everything that a store sold, unless it is counted; return the records made."""
        if self._tally is None or self._tally.is_whole(store_id):
            return 0
        records = self._tally.whole(store_id, {}, self._clock.now_us())
        self._commit({}, records)
        return len(records)

    def _commit(
        self,
        orders: Mapping[Document, Sequence[OrderVersion]],
        records: Sequence[PackedRecord],
    ) -> None:
        changes = LedgerChanges(
            tellings={},
            orders=orders,
            products={},
            records=records,
            dead_letters=(),
            through=self._ledger.through(),
        )
        self.copy(records, self._ledger.commit(changes))

    def ask(self, told: Told) -> None:
        """Keep what is asked about people's data, durably; to be done before the commit.

        After a crash in between the same records are read, and asked, again under the same ids.
        """
        for request in told.requests:
            self._requests.ask(request)

    def copy(self, records: Sequence[PackedRecord], revision: int) -> None:
        """Bring to the read copy what a commit changed, and what an earlier one left behind.

        A copy that lacks a commit must not say that it has reached a later one: the repair would
        never look for it again.
        """
        if self._online.through() == revision - 1:
            self._online.put([replace(r, revision=revision) for r in records], revision)
        else:
            self.repair_online()

    def repair_online(self) -> int:
        """Bring the read copy up to the ledger, after a crash between the two or from nothing."""
        if generation(self._online.through()) < generation(self._feed.revision()):
            return self._renew_online()
        revision = self._feed.revision()
        copied = self._copy_since(self._online.through())
        self._online.put((), through=revision)
        return copied

    def _copy_since(self, after: int) -> int:
        """Copy what was packed after a revision.

        The copy's own revision moves only when every view is copied: a crash before that begins
        again, and what is copied twice is the same.
        """
        copied = 0
        for view in self._copied_views:
            seen = after
            while batch := self._feed.records(view, seen, REPAIR_RECORDS_MAX):
                self._online.put(batch, through=0)
                seen = batch[-1].revision
                copied += len(batch)
        return copied

    def _renew_online(self) -> int:
        """Copy a ledger that was replaced, and take away whom it does not know.

        The copy's revision moves last: a crash before that begins again.
        """
        revision = self._feed.revision()
        copied = self._copy_since(0)
        for store in self._stores.all():
            for view in self._copied_views:
                self._forget_older(store.store_id, view, generation(revision))
        self._online.put((), through=revision)
        return copied

    def _forget_older(self, store_id: StoreId, view: str, newest: int) -> None:
        """Take away whom only an older generation of the ledger knew."""
        entity = None
        while page := self._online.page(store_id, view, entity, REPAIR_RECORDS_MAX):
            for record in page:
                if generation(record.revision) < newest:
                    self._online.forget(store_id, record.entity)
            entity = page[-1].entity

    def changes(self, told: Told, through: Position) -> LedgerChanges:
        """Return what the ledger must commit so that it holds what was told, up to a position."""
        return self._draft.changes(told, through)


def advance(through: Position, records: Sequence[LogRecord]) -> Position:
    """Return the position behind these records."""
    return Position({**through, **{record.partition: record.offset for record in records}})
