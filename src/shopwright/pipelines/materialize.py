"""Log → tellings → versions → packed records: one batch, one transaction, then the read copy.

Nothing here depends on the order or the number of times in which events arrive: each document keeps
the set of what was told of it, and its versions are a pure function of that set.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.ports import EventLog, KeyStore, Ledger, LedgerFeed, OnlineStore, Stores
from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, LedgerChanges, Telling
from shopwright.core.types.log import LogRecord, Position
from shopwright.core.types.order import OrderVersion
from shopwright.events import order_chain, product_chain
from shopwright.events.people import people_of
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import pack
from shopwright.pipelines.unseal import Told, Unsealer, merges_of

FLOOR_SLACK_US = 3_600 * US_PER_SECOND
"""A packed record answers from an hour before its newest event was received: a machine that serves
may have a clock behind that of the one that received."""

REPAIR_RECORDS_MAX = 5_000

Tellings = Mapping[Document, Sequence[Telling]]
Merges = Mapping[StoreId, Sequence[CustomerMerge]]


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

    def __init__(
        self,
        *,
        log: EventLog,
        keys: KeyStore,
        stores: Stores,
        ledger: Ledger,
        feed: LedgerFeed,
        online: OnlineStore,
        clock: Clock,
    ) -> None:
        self._log = log
        self._unsealer = Unsealer(keys, stores)
        self._ledger = ledger
        self._feed = feed
        self._online = online
        self._clock = clock

    def step(self, limit: int) -> Step:
        """Take at most ``limit`` records from the log; return what became of them."""
        through = self._ledger.through()
        records = self._log.read(through, limit)
        if not records:
            return Step(records=0, tellings=0, dead_topics=(), entities=0, received_us=())
        told = self._unsealer.tell(records, self._clock.now_us())
        changes = self._changes(told, _advance(through, records))
        revision = self._ledger.commit(changes)
        self._online.put([replace(r, revision=revision) for r in changes.records], revision)
        self._log.commit("materialize", changes.through)
        return Step(
            records=len(records),
            tellings=sum(len(tellings) for tellings in told.tellings.values()),
            dead_topics=tuple(letter.topic for letter in told.dead_letters),
            entities=len(changes.records),
            received_us=tuple(record.event.received_us for record in records),
        )

    def repair_online(self) -> int:
        """Bring the read copy up to the ledger, after a crash between the two or from nothing."""
        copied = 0
        view = CUSTOMER.name
        while batch := self._feed.records(view, self._online.through(), REPAIR_RECORDS_MAX):
            self._online.put(batch, through=batch[-1].revision)
            copied += len(batch)
        return copied

    def _changes(self, told: Told, through: Position) -> LedgerChanges:
        merge_documents = {merges_of(document.store_id) for document in told.tellings}
        known = self._ledger.tellings([*{*told.tellings, *merge_documents}])
        gathered = {
            document: order_chain.gather(known.get(document, ()), new)
            for document, new in told.tellings.items()
        }
        merges = _merges({**known, **gathered})
        gathered |= self._orders_redrawn_by_merges(known, gathered)
        orders = {
            document: order_chain.chain(
                document.store_id,
                Pseudonym(document.key),
                tellings,
                merges.get(document.store_id, ()),
            )
            for document, tellings in gathered.items()
            if document.kind == "order"
        }
        return LedgerChanges(
            tellings=gathered,
            orders=orders,
            products={
                document: product_chain.chain(document.store_id, document.key.decode(), tellings)
                for document, tellings in gathered.items()
                if document.kind == "product"
            },
            records=self._records(gathered, orders, merges, told.received_us),
            dead_letters=told.dead_letters,
            through=through,
        )

    def _orders_redrawn_by_merges(
        self, known: Tellings, gathered: Tellings
    ) -> dict[Document, tuple[Telling, ...]]:
        """A merge changes who placed an order, so the orders of everyone it names are redrawn."""
        redrawn: set[Document] = set()
        for document, tellings in gathered.items():
            if document.kind == "merges":
                fresh = [telling for telling in tellings if telling not in known.get(document, ())]
                redrawn |= self._orders_of_everyone_in(document.store_id, fresh)
        missing = [document for document in redrawn if document not in gathered]
        return {d: tuple(t) for d, t in self._ledger.tellings(missing).items()}

    def _orders_of_everyone_in(self, store_id: StoreId, merges: Sequence[Telling]) -> set[Document]:
        people = {
            person
            for merge in merges
            if isinstance(merge, CustomerMerge)
            for person in (merge.merged, merge.kept)
        }
        versions = self._ledger.orders_of(store_id, sorted(people))
        return {
            Document(store_id, "order", version.order)
            for of_one in versions.values()
            for version in of_one
        }

    def _records(
        self,
        gathered: Tellings,
        orders: Mapping[Document, Sequence[OrderVersion]],
        merges: Merges,
        received_us: Mapping[Document, int],
    ) -> list[PackedRecord]:
        """Pack every customer whom a changed order names now, or named before."""
        newest: dict[tuple[StoreId, Pseudonym], int] = defaultdict(int)
        for document in orders:
            told_us = received_us.get(document) or received_us[merges_of(document.store_id)]
            for person in people_of(gathered[document], merges.get(document.store_id, ())):
                who = (document.store_id, person)
                newest[who] = max(newest[who], told_us)
        people: dict[StoreId, list[Pseudonym]] = defaultdict(list)
        for store_id, person in sorted(newest):
            people[store_id].append(person)
        return [
            _pack(store_id, person, versions, newest[store_id, person])
            for store_id, of_store in people.items()
            for person, versions in self._versions_after(store_id, of_store, orders).items()
        ]

    def _versions_after(
        self,
        store_id: StoreId,
        people: Sequence[Pseudonym],
        orders: Mapping[Document, Sequence[OrderVersion]],
    ) -> dict[Pseudonym, list[OrderVersion]]:
        """Return each person's versions as they will stand once the changed orders are stored."""
        stored = self._ledger.orders_of(store_id, people)
        after = {
            person: [
                version
                for version in stored.get(person, ())
                if Document(store_id, "order", version.order) not in orders
            ]
            for person in people
        }
        for document, chain in orders.items():
            if document.store_id == store_id:
                for version in chain:
                    if version.customer is not None:
                        after[version.customer].append(version)
        return after


def _advance(through: Position, records: Sequence[LogRecord]) -> Position:
    return Position({**through, **{record.partition: record.offset for record in records}})


def _merges(tellings: Tellings) -> dict[StoreId, tuple[CustomerMerge, ...]]:
    return {
        document.store_id: tuple(t for t in of_store if isinstance(t, CustomerMerge))
        for document, of_store in tellings.items()
        if document.kind == "merges"
    }


def _pack(
    store_id: StoreId, person: Pseudonym, versions: Sequence[OrderVersion], received_us: int
) -> PackedRecord:
    return PackedRecord(
        store_id=store_id,
        view=CUSTOMER.name,
        entity=person,
        revision=0,
        received_us=received_us,
        state=pack(versions, received_us - FLOOR_SLACK_US),
    )
