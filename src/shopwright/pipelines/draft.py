"""What was told → what the ledger must commit: documents, chains, packed records.

Reads the ledger and changes nothing, so the same code serves the living ledger, one that is built
again from the log, and dead letters that can be read at last.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from shopwright.core.clock import US_PER_DAY
from shopwright.core.ports import Ledger
from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, LedgerChanges, Telling
from shopwright.core.types.log import Position
from shopwright.core.types.order import OrderVersion
from shopwright.events import order_chain, product_chain, stock
from shopwright.events.people import people_of
from shopwright.features.definitions import VIEWS
from shopwright.features.record import pack
from shopwright.features.view import FeatureView
from shopwright.pipelines.books import Touched
from shopwright.pipelines.tally import ItemTally
from shopwright.pipelines.unseal import Told, merges_of

FLOOR_SLACK_US = US_PER_DAY
"""A packed record answers from a day before its newest event was received: the clock of a machine
that serves may be set back, or lie behind that of the one that received."""

TOLD_AGAIN = ("contact", "reached", stock.NOW, stock.PAST)
"""Kinds of documents of which most tellings say what is known already."""

Tellings = Mapping[Document, Sequence[Telling]]
Merges = Mapping[StoreId, Sequence[CustomerMerge]]


class Draft:
    """Drafts the changes of one ledger, with a packed record for each view and entity."""

    def __init__(
        self,
        ledger: Ledger,
        views: Sequence[FeatureView] = VIEWS,
        tally: ItemTally | None = None,
    ) -> None:
        self._ledger = ledger
        self._views = views
        self._tally = tally

    def changes(self, told: Told, through: Position) -> LedgerChanges:
        """Return what the ledger must commit so that it holds what was told, up to a position."""
        merge_documents = {merges_of(document.store_id) for document in told.tellings}
        known = self._ledger.tellings([*{*told.tellings, *merge_documents}])
        gathered = {
            document: gathered_of(document, known.get(document, ()), new)
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
            tellings=_without_old(gathered, known),
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
        """Pack every customer whom a changed order names now, or named before, and what it sold."""
        newest: dict[tuple[StoreId, Pseudonym], int] = defaultdict(int)
        told_us = {
            document: received_us.get(document) or received_us[merges_of(document.store_id)]
            for document in orders
        }
        for document in orders:
            for person in people_of(gathered[document], merges.get(document.store_id, ())):
                who = (document.store_id, person)
                newest[who] = max(newest[who], told_us[document])
        people: dict[StoreId, list[Pseudonym]] = defaultdict(list)
        for store_id, person in sorted(newest):
            people[store_id].append(person)
        touched = [
            one
            for store_id, of_store in people.items()
            for one in self._touched(store_id, of_store, orders)
        ]
        records = [
            packed(view, one.store_id, one.person, one.after, newest[one.store_id, one.person])
            for one in touched
            for view in self._views
        ]
        if self._tally is not None:
            records += self._tally.records(orders, touched, _newest_of_stores(told_us))
        return records

    def _touched(
        self,
        store_id: StoreId,
        people: Sequence[Pseudonym],
        orders: Mapping[Document, Sequence[OrderVersion]],
    ) -> list[Touched]:
        """Return each person's versions as they stand, and as they will with the changed orders."""
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
        return [
            Touched(store_id, person, stored.get(person, ()), versions)
            for person, versions in after.items()
        ]


def _newest_of_stores(received_us: Mapping[Document, int]) -> dict[StoreId, int]:
    newest: dict[StoreId, int] = defaultdict(int)
    for document, us in received_us.items():
        newest[document.store_id] = max(newest[document.store_id], us)
    return newest


def gathered_of(
    document: Document, known: Sequence[Telling], new: Sequence[Telling]
) -> tuple[Telling, ...]:
    """Return what a document holds once it was told more: a function of the set of tellings."""
    told = order_chain.gather(known, new)
    if document.kind in (stock.NOW, stock.PAST):
        return stock.keep(document.kind, told)
    return told


def _without_old(gathered: Tellings, known: Tellings) -> Tellings:
    """Nearly every payload tells the addresses again that are known: those are not written."""
    return {
        document: tellings
        for document, tellings in gathered.items()
        if document.kind not in TOLD_AGAIN or known.get(document) != tellings
    }


def _merges(tellings: Tellings) -> dict[StoreId, tuple[CustomerMerge, ...]]:
    return {
        document.store_id: tuple(t for t in of_store if isinstance(t, CustomerMerge))
        for document, of_store in tellings.items()
        if document.kind == "merges"
    }


def packed(
    view: FeatureView,
    store_id: StoreId,
    person: Pseudonym,
    versions: Sequence[OrderVersion],
    received_us: int,
) -> PackedRecord:
    """Return a customer's record of a view; the ledger fills in its revision."""
    return PackedRecord(
        store_id=store_id,
        view=view.name,
        entity=person,
        revision=0,
        received_us=received_us,
        state=pack(versions, _floor_us(versions, received_us), view),
    )


def _floor_us(versions: Sequence[OrderVersion], received_us: int) -> int:
    """Return the earliest instant that a record must answer for.

    Never later than the newest that Shopify told: had our own clock run a year ahead for a while,
    the record would otherwise answer nothing until that year is over.
    """
    newest_us = max((version.known_us for version in versions), default=received_us)
    return min(received_us - FLOOR_SLACK_US, newest_us)
