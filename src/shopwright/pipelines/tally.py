"""Orders that changed → the packed records of the products, variants and store that they sold.

A version that replaces another is one subtraction and one addition in the tiles of a day, so a
thing that a hundred thousand people bought costs no more than one that three did. A store of which
nothing is counted yet, or in other days than its own, is counted whole from the ledger.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec.structs import replace

from shopwright.core.errors import Damaged, ShopwrightError
from shopwright.core.ports import LedgerFeed, LedgerHistory, Stores
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, MonthPartition
from shopwright.core.types.order import UNTIL_FOREVER_US, OrderVersion
from shopwright.features.item_view import ItemView
from shopwright.features.items import ITEM_VIEWS
from shopwright.features.tiles import entity_of, unpack_tiles
from shopwright.pipelines.books import EVERYTHING, Books, Place, Touched


class ItemTally:
    """Keeps the tiles of all stores; reads the ledger and writes nothing itself."""

    def __init__(
        self,
        feed: LedgerFeed,
        history: LedgerHistory,
        stores: Stores,
        views: Sequence[ItemView] = ITEM_VIEWS,
    ) -> None:
        self._feed = feed
        self._history = history
        self._stores = stores
        self.views = views

    def records(
        self,
        orders: Mapping[Document, Sequence[OrderVersion]],
        people: Iterable[Touched],
        received_us: Mapping[StoreId, int],
    ) -> list[PackedRecord]:
        """Return the records as they stand once the ledger holds the changed orders."""
        of_stores: dict[StoreId, dict[Document, Sequence[OrderVersion]]] = defaultdict(dict)
        for document, chain in orders.items():
            of_stores[document.store_id][document] = chain
        who: dict[StoreId, list[Touched]] = defaultdict(list)
        for one in people:
            who[one.store_id].append(one)
        made: list[PackedRecord] = []
        for store_id, changed in of_stores.items():
            made += self._of_store(store_id, changed, who[store_id], received_us[store_id])
        return made

    def _of_store(
        self,
        store_id: StoreId,
        changed: Mapping[Document, Sequence[OrderVersion]],
        people: Sequence[Touched],
        received_us: int,
    ) -> list[PackedRecord]:
        if self.is_whole(store_id):
            with suppress(Damaged):  # what cannot be counted on is counted anew
                return self._changed(store_id, changed, people, received_us)
        return self.whole(store_id, changed, received_us)

    def is_whole(self, store_id: StoreId) -> bool:
        """Say whether all that the store sold is counted, in the days of its own zone.

        The record of the store itself says so: it is written with all others.
        """
        zone = self._stores.get(store_id).timezone
        for view in self.views:
            if view.column is None:
                found = self._feed.packed(store_id, view.name, [entity_of(EVERYTHING)])
                try:
                    return any(unpack_tiles(view, r.state).zone == zone for r in found.values())
                except ShopwrightError:
                    return False  # of another version, or damaged: it is counted anew
        return False

    def whole(
        self,
        store_id: StoreId,
        changed: Mapping[Document, Sequence[OrderVersion]],
        received_us: int,
    ) -> list[PackedRecord]:
        """Count a store from its first order on, with the changed orders in place of the stored."""
        books = Books(self.views, self._stores.get(store_id).timezone)
        books.open((self._everything(), EVERYTHING))
        latest: dict[tuple[Place, Pseudonym], int] = {}
        for version in self._versions(store_id, changed):
            for place in books.places(version):
                books.open(place)
            if version.known_until_us == UNTIL_FOREVER_US:
                books.count(version, 1)
                books.known(version, version.known_us)
                for at in books.bought(version):
                    key = (at.place, at.buyer)
                    latest[key] = max(at.day, latest.get(key, at.day))
            else:
                books.known(version, version.known_until_us)
        for (place, _), day in latest.items():
            books.opened[place].move_buyer(None, day)
        made = books.records(store_id, received_us)
        kept = {(record.view, record.entity) for record in made}
        there = (self._feed.packed(store_id, view.name, None).values() for view in self.views)
        gone = (one for records in there for one in records if (one.view, one.entity) not in kept)
        return [*made, *map(_without_state, gone)]

    def _everything(self) -> int:
        return next((i for i, view in enumerate(self.views) if view.column is None), 0)

    def _versions(
        self, store_id: StoreId, changed: Mapping[Document, Sequence[OrderVersion]]
    ) -> Iterator[OrderVersion]:
        for partition in self._history.changed_months(0):
            if partition.store_id == store_id and partition.holds == "orders":
                yield from self._unchanged(partition, changed)
        for chain in changed.values():
            yield from chain

    def _unchanged(
        self, partition: MonthPartition, changed: Mapping[Document, Sequence[OrderVersion]]
    ) -> Iterator[OrderVersion]:
        for version in self._history.month_by_customer(partition):
            if Document(partition.store_id, "order", version.order) not in changed:
                yield version

    def _changed(
        self,
        store_id: StoreId,
        changed: Mapping[Document, Sequence[OrderVersion]],
        people: Sequence[Touched],
        received_us: int,
    ) -> list[PackedRecord]:
        stored = self._feed.chains(list(changed))
        books = Books(self.views, self._stores.get(store_id).timezone)
        heads = [stored[one][-1] for one in changed if one in stored]
        self._open(store_id, books, [*heads, *(v for chain in changed.values() for v in chain)])
        for before in heads:
            books.count(before, -1)
        for document, chain in changed.items():
            if chain:
                books.count(chain[-1], 1)
                for version in (*chain, *stored.get(document, ())[-1:]):
                    books.known(version, min(version.known_until_us, chain[-1].known_us))
        for one in people:
            books.move(one)
        return books.records(store_id, received_us)

    def _open(self, store_id: StoreId, books: Books, versions: Sequence[OrderVersion]) -> None:
        """Read the records of everything that the orders hold, or held."""
        places = {place for version in versions for place in books.places(version)}
        for number, view in enumerate(self.views):
            items = sorted(item for at, item in places if at == number)
            found = self._feed.packed(store_id, view.name, [entity_of(item) for item in items])
            for item in items:
                record = found.get(entity_of(item))
                if record is None:
                    books.open((number, item))
                else:
                    books.opened[number, item] = unpack_tiles(view, record.state)


def _without_state(record: PackedRecord) -> PackedRecord:
    """Return what takes away the record of a thing that nobody bought."""
    return replace(record, revision=0, state=b"")
