"""Ledger, LedgerFeed and LedgerHistory in memory, for tests: the contract without the disk."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from shopwright.adapters.months import month_of, stock_months_of
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import (
    PRODUCTS,
    DeadLetter,
    Document,
    LedgerChanges,
    MonthPartition,
    Telling,
)
from shopwright.core.types.log import Position
from shopwright.core.types.order import OrderVersion, by_customer
from shopwright.core.types.product import ProductVersion
from shopwright.core.types.stock import LevelFact
from shopwright.privacy.erasure import version_without_customer, without_customer

_Kept = TypeVar("_Kept")


class MemoryLedger:
    """A ledger that lasts as long as the object; it is its own feed."""

    def __init__(self) -> None:
        self._revision = 0
        self._through: dict[str, int] = {}
        self._tellings: dict[Document, tuple[Telling, ...]] = {}
        self._orders: dict[Document, tuple[OrderVersion, ...]] = {}
        self._products: dict[Document, tuple[ProductVersion, ...]] = {}
        self._records: dict[tuple[StoreId, str, Pseudonym], PackedRecord] = {}
        self._months: dict[MonthPartition, int] = {}
        self._dead_letters: dict[tuple[str, int], DeadLetter] = {}

    def through(self) -> Position:
        """Return the log position that the last commit reached."""
        return Position(dict(sorted(self._through.items())))

    def tellings(self, documents: Sequence[Document]) -> Mapping[Document, Sequence[Telling]]:
        """Return what was told of each document; one never told of is left out."""
        return {d: self._tellings[d] for d in documents if d in self._tellings}

    def orders_of(
        self, store_id: StoreId, customers: Sequence[Pseudonym]
    ) -> Mapping[Pseudonym, Sequence[OrderVersion]]:
        """Return, for each customer, the versions that name that customer; none is a tuple too."""
        versions = self._versions(store_id)
        return {who: tuple(v for v in versions if v.customer == who) for who in customers}

    def commit(self, changes: LedgerChanges) -> int:
        """Apply the changes; return their revision."""
        self._revision += 1
        self._tellings |= {document: tuple(told) for document, told in changes.tellings.items()}
        self._months |= dict.fromkeys(stock_months_of(changes.tellings), self._revision)
        for document, chain in changes.orders.items():
            self._mark_changed(self._orders.get(document, ()))
            self._orders[document] = tuple(chain)
            self._mark_changed(chain)
        for product, line in changes.products.items():
            self._products[product] = tuple(line)
            self._months[MonthPartition(product.store_id, PRODUCTS)] = self._revision
        for record in changes.records:
            key = (record.store_id, record.view, record.entity)
            if record.state:
                self._records[key] = replace(record, revision=self._revision)
            else:
                self._records.pop(key, None)
        for at in changes.settled:
            self._dead_letters.pop(at, None)
        self._dead_letters |= {(d.partition, d.offset): d for d in changes.dead_letters}
        self._through |= changes.through
        return self._revision

    def forget(self, store_id: StoreId, customer: Pseudonym | None) -> int:
        """Take the customer out of everything but leave the orders; None: the whole store."""
        self._revision += 1
        if customer is None:
            return self._forget_store(store_id)
        self._dead_letters = {
            at: letter
            for at, letter in self._dead_letters.items()
            if (letter.store_id, letter.subject) != (store_id, customer)
        }
        self._records = {
            key: record
            for key, record in self._records.items()
            if (key[0], key[2]) != (store_id, customer)
        }
        orders = self._forget_in_versions(store_id, customer)
        return len(orders | self._forget_in_tellings(store_id, customer))

    def revision(self) -> int:
        """Return the revision of the last commit; 0 before the first."""
        return self._revision

    def records(self, view: str, after: int, limit: int) -> Sequence[PackedRecord]:
        """Return packed records with revision > after, whole revisions only."""
        found = sorted(
            (r for r in self._records.values() if r.view == view and r.revision > after),
            key=lambda record: (record.revision, record.store_id, record.entity),
        )
        if len(found) <= limit:
            return tuple(found)
        cut = found[limit].revision
        whole = tuple(record for record in found if record.revision < cut)
        return whole or tuple(record for record in found if record.revision == cut)

    def packed(
        self, store_id: StoreId, view: str, entities: Sequence[Pseudonym] | None
    ) -> Mapping[Pseudonym, PackedRecord]:
        """Return the packed records that exist of these entities; None asks for all."""
        of_view = {
            key[2]: record for key, record in self._records.items() if key[:2] == (store_id, view)
        }
        return of_view if entities is None else {e: of_view[e] for e in entities if e in of_view}

    def chains(self, documents: Sequence[Document]) -> Mapping[Document, Sequence[OrderVersion]]:
        """Return all versions of each order that has any, oldest first."""
        return {d: self._orders[d] for d in documents if self._orders.get(d)}

    def changed_months(self, after: int) -> Sequence[MonthPartition]:
        """Return the partitions in which something changed, entered or left after the revision."""
        return tuple(sorted(month for month, when in self._months.items() if when > after))

    def month_orders(self, partition: MonthPartition) -> Sequence[OrderVersion]:
        """Return every order version of a partition, by order and version."""
        versions = self._versions(partition.store_id)
        return tuple(v for v in versions if month_of(v.occurred_us) == partition.month)

    def month_by_customer(self, partition: MonthPartition) -> Iterator[OrderVersion]:
        """Yield the same versions by customer and time."""
        yield from sorted(self.month_orders(partition), key=by_customer)

    def products(self, store_id: StoreId) -> Sequence[ProductVersion]:
        """Return every product version of a store, by product and version."""
        return tuple(
            version
            for document, line in sorted(self._products.items())
            if document.store_id == store_id
            for version in line
        )

    def month_levels(self, partition: MonthPartition) -> Iterator[LevelFact]:
        """Yield what is kept of a month of stock, by item."""
        for document, told in sorted(self._tellings.items(), key=lambda item: item[0]):
            if stock_months_of([document]) == {partition}:
                yield from (fact for fact in told if isinstance(fact, LevelFact))

    def dead_letters(self, limit: int) -> Sequence[DeadLetter]:
        """Return the newest events that could not be read, newest first."""
        newest_first = sorted(
            self._dead_letters.values(), key=lambda d: (-d.failed_us, d.partition, -d.offset)
        )
        return tuple(newest_first[:limit])

    def documents(self) -> Iterator[tuple[Document, Sequence[Telling]]]:
        """Walk the documents by store, kind and key, with all that was told of each."""
        return iter(sorted(self._tellings.items(), key=lambda item: item[0]))

    def order_versions(self) -> Iterator[OrderVersion]:
        """Walk the order versions by store, order and version."""
        return (version for _, chain in sorted(self._orders.items()) for version in chain)

    def product_versions(self) -> Iterator[ProductVersion]:
        """Walk the product versions by store, product and version."""
        return (version for _, line in sorted(self._products.items()) for version in line)

    def packed_records(self, view: str) -> Iterator[PackedRecord]:
        """Walk a view's packed records by store and entity."""
        found = sorted(self._records.items(), key=lambda item: item[0])
        return (record for at, record in found if at[1] == view)

    def _forget_store(self, store_id: StoreId) -> int:
        documents = {*self._tellings, *(order for order, chain in self._orders.items() if chain)}
        orders = {d for d in documents if d.store_id == store_id and d.kind == "order"}
        self._tellings = _of_others(self._tellings, store_id)
        self._orders = _of_others(self._orders, store_id)
        self._products = _of_others(self._products, store_id)
        self._records = {at: r for at, r in self._records.items() if at[0] != store_id}
        self._months = {m: when for m, when in self._months.items() if m.store_id != store_id}
        letters = self._dead_letters.items()
        self._dead_letters = {at: one for at, one in letters if one.store_id != store_id}
        return len(orders)

    def _versions(self, store_id: StoreId) -> list[OrderVersion]:
        return [
            version
            for document, chain in sorted(self._orders.items())
            if document.store_id == store_id
            for version in chain
        ]

    def _mark_changed(self, versions: Sequence[OrderVersion]) -> None:
        for version in versions:
            month = MonthPartition(version.store_id, month_of(version.occurred_us))
            self._months[month] = self._revision

    def _forget_in_versions(self, store_id: StoreId, customer: Pseudonym) -> set[bytes]:
        orders = set()
        for document, chain in self._orders.items():
            named = [version for version in chain if version.customer == customer]
            if document.store_id == store_id and named:
                self._mark_changed(named)
                self._orders[document] = tuple(
                    version_without_customer(v) if v.customer == customer else v for v in chain
                )
                orders.add(document.key)
        return orders

    def _forget_in_tellings(self, store_id: StoreId, customer: Pseudonym) -> set[bytes]:
        orders = set()
        for document, told in list(self._tellings.items()):
            left = without_customer(told, customer)
            if document.store_id != store_id or left == told:
                continue
            if left:
                self._tellings[document] = left
            else:
                del self._tellings[document]
            if document.kind == "order":
                orders.add(document.key)
        return orders


def _of_others(documents: Mapping[Document, _Kept], store_id: StoreId) -> dict[Document, _Kept]:
    return {document: kept for document, kept in documents.items() if document.store_id != store_id}
