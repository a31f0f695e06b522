"""What one commit of the ledger changes: all of it, or nothing."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from shopwright.core.types.customer import ContactFact, CustomerFact, CustomerMerge
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.log import Position
from shopwright.core.types.order import (
    OrderDeletion,
    OrderEdit,
    OrderFact,
    OrderVersion,
    RefundFact,
)
from shopwright.core.types.product import ProductFact, ProductVersion
from shopwright.core.types.stock import LevelFact

Telling = (
    OrderFact
    | RefundFact
    | OrderDeletion
    | OrderEdit
    | ProductFact
    | CustomerFact
    | CustomerMerge
    | ContactFact
    | LevelFact
)


class Document(NamedTuple):
    """The entity whose tellings are kept together."""

    store_id: StoreId
    kind: str
    """``order``, ``product``, ``customer``, ``merges`` (one document a store, key ``b""``),
    ``contact`` (whose address is it?), ``reached`` (which addresses has somebody?), ``stock`` (an
    inventory item's newest levels) or ``stock_month`` (a month of its history)."""
    key: bytes
    """A pseudonym; or in UTF-8 a product id, an inventory item id, or that and a month."""


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A stored event that could not become a fact; it stays in the log, and here is why."""

    partition: str
    offset: int
    store_id: StoreId
    topic: str
    reason: str
    failed_us: int
    """When it was tried last."""
    subject: Pseudonym | None = None
    """Whose event it is, so that erasing the person removes the letter too."""
    attempts: int = 1


class LedgerChanges(Struct, frozen=True, kw_only=True):
    """Everything that a batch of log records changes, committed in one transaction."""

    tellings: Mapping[Document, Sequence[Telling]]
    """Each document whole: what was known before and what is new, without duplicates."""
    orders: Mapping[Document, Sequence[OrderVersion]]
    """Each changed order's whole chain of versions."""
    products: Mapping[Document, Sequence[ProductVersion]]
    records: Sequence[PackedRecord]
    """Packed records of every entity that changed; the ledger fills in their revision. One
    without a state is taken away."""
    dead_letters: Sequence[DeadLetter]
    settled: Sequence[tuple[str, int]] = ()
    """(partition, offset) of dead letters that could be read at last: they are taken off."""
    through: Position
    """The log position that this commit reaches: stored with it, so a crash repeats nothing."""


PRODUCTS = "all"
"""Products are few and have no instant of their own: one partition a store."""
STOCK = "stock-"

Held = Literal["orders", "products", "levels"]


class MonthPartition(NamedTuple):
    """The unit in which history is copied to Parquet: one store, one month, one kind of thing."""

    store_id: StoreId
    month: str
    """``2026-11``, UTC: orders by ``occurred_us``. ``stock-2026-11``: levels by ``updated_us``.
    ``all``: products and their variants."""

    @property
    def holds(self) -> Held:
        """What lies in the partition."""
        if self.month == PRODUCTS:
            return "products"
        return "levels" if self.month.startswith(STOCK) else "orders"
