"""The sockets of the ledger: for its one writer, for its read copy, and for its history."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, LedgerChanges, MonthPartition, Telling
from shopwright.core.types.log import Position
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.product import ProductVersion
from shopwright.core.types.stock import LevelFact


class Ledger(Protocol):
    """Every version of every entity, and the packed records of what is known now."""

    def through(self) -> Position:
        """Return the log position that the last commit reached."""
        ...

    def tellings(self, documents: Sequence[Document]) -> Mapping[Document, Sequence[Telling]]:
        """Return what was told of each document; one never told of is left out."""
        ...

    def orders_of(
        self, store_id: StoreId, customers: Sequence[Pseudonym]
    ) -> Mapping[Pseudonym, Sequence[OrderVersion]]:
        """Return, for each customer, the versions that name that customer, by order and version.

        A version of one of the customer's orders that names somebody else is left out.
        """
        ...

    def commit(self, changes: LedgerChanges) -> int:
        """Apply the changes in one durable transaction; return its revision (1, 2, …)."""
        ...

    def forget(self, store_id: StoreId, customer: Pseudonym | None) -> int:
        """Remove a customer's rows everywhere; say how many orders lost their customer.

        Dead letters of the subject go too. None removes everything of the store.
        """
        ...


class LedgerFeed(Protocol):
    """The ledger as the online store sees it: what is known now, by revision."""

    def revision(self) -> int:
        """Return the revision of the last commit; 0 before the first."""
        ...

    def records(self, view: str, after: int, limit: int) -> Sequence[PackedRecord]:
        """Return packed records with revision > after, by revision; never splits a revision.

        More than ``limit`` come back when one revision holds more.
        """
        ...

    def packed(
        self, store_id: StoreId, view: str, entities: Sequence[Pseudonym] | None
    ) -> Mapping[Pseudonym, PackedRecord]:
        """Return the packed records that exist of these entities; None asks for all."""
        ...

    def chains(self, documents: Sequence[Document]) -> Mapping[Document, Sequence[OrderVersion]]:
        """Return all versions of each order that has any, oldest first."""
        ...


class LedgerHistory(Protocol):
    """The ledger as its history sees it: partitions, and every version that lies in one."""

    def changed_months(self, after: int) -> Sequence[MonthPartition]:
        """Return the partitions in which something changed after the revision, in their order."""
        ...

    def month_orders(self, partition: MonthPartition) -> Sequence[OrderVersion]:
        """Return every order version of a partition, by order and version."""
        ...

    def month_by_customer(self, partition: MonthPartition) -> Iterator[OrderVersion]:
        """Yield the same versions by customer, instant, order and version, a few at a time.

        Orders of nobody come first. They are of one instant; end the iterator or close it.
        """
        ...

    def products(self, store_id: StoreId) -> Sequence[ProductVersion]:
        """Return every product version of a store, by product and version."""
        ...

    def month_levels(self, partition: MonthPartition) -> Iterator[LevelFact]:
        """Yield what is kept of a month of stock, by item."""
        ...
