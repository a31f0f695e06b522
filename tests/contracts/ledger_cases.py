"""Tellings, versions and changes for the suites of the ledger."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from shopwright.adapters.ledger_feed_sqlite import SqliteLedgerFeed
from shopwright.adapters.ledger_sqlite import SqliteLedger
from shopwright.adapters.memory_ledger import MemoryLedger
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.customer import CustomerFact, CustomerMerge
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import DeadLetter, Document, LedgerChanges, Telling
from shopwright.core.types.log import Position
from shopwright.core.types.order import (
    UNTIL_FOREVER_US,
    Line,
    OrderDeletion,
    OrderEdit,
    OrderFact,
    OrderVersion,
    Refund,
    RefundFact,
)
from shopwright.core.types.product import ProductFact, ProductVersion, Variant
from shopwright.core.types.stock import LevelFact

STORE = StoreId("a.myshopify.com")
OTHER_STORE = StoreId("b.myshopify.com")
ANNA, BEN = Pseudonym(b"anna" * 4), Pseudonym(b"ben!" * 4)
NOVEMBER_US = 20_780 * US_PER_DAY  # 2026-11-23
DECEMBER_US = NOVEMBER_US + 20 * US_PER_DAY
VARIANT = Variant(
    variant_id="8", sku=None, title="Blue", price_minor=1999, stock=-2, inventory_item_id="9"
)
LINES = (
    Line(
        line_id="1",
        product_id="7",
        variant_id=None,
        sku="ä-1",
        quantity=2,
        gross_minor=2**62,
        gift_card=False,
    ),
    Line(
        line_id="2",
        product_id=None,
        variant_id="8",
        sku=None,
        quantity=1,
        gross_minor=0,
        gift_card=True,
    ),
)


def order_key(number: int) -> Pseudonym:
    return Pseudonym(number.to_bytes(16, "big"))


def order_document(number: int, store_id: StoreId = STORE) -> Document:
    return Document(store_id, "order", order_key(number))


def product_document(product_id: str, store_id: StoreId = STORE) -> Document:
    return Document(store_id, "product", product_id.encode())


def level_fact(item: str, updated_us: int = NOVEMBER_US, available: int = 3) -> LevelFact:
    return LevelFact(item=item, location="1", updated_us=updated_us, available=available)


def order_fact(number: int, customer: Pseudonym | None = ANNA, updated_us: int = 1) -> OrderFact:
    return OrderFact(
        order=order_key(number),
        customer=customer,
        occurred_us=NOVEMBER_US,
        created_us=NOVEMBER_US,
        updated_us=updated_us,
        triggered_us=0,
        test=False,
        confirmed=True,
        cancelled_us=None,
        voided=False,
        edited_off=(("1", 1, 250),),
        lines=LINES,
        refunds=(Refund(refund_id="5", known_us=3, lines=(("1", 1, 500),)),),
    )


def every_telling(number: int) -> tuple[Telling, ...]:
    """One telling of every type there is."""
    return (
        order_fact(number),
        RefundFact(order=order_key(number), refund=Refund(refund_id="6", known_us=4, lines=())),
        OrderDeletion(order=order_key(number), known_us=5),
        OrderEdit(order=order_key(number), known_us=6),
        ProductFact(
            product_id="7",
            updated_us=1,
            triggered_us=2,
            title="Shirt",
            category="",
            status="active",
            vendor="Acme",
            deleted=False,
            variants=(VARIANT,),
        ),
        CustomerFact(
            customer=BEN,
            created_us=None,
            updated_us=1,
            triggered_us=0,
            state="enabled",
            deleted=False,
        ),
        CustomerMerge(merged=BEN, kept=Pseudonym(b"kept" * 4), known_us=9),
    )


def version(
    number: int,
    index: int = 0,
    *,
    customer: Pseudonym | None = ANNA,
    occurred_us: int = NOVEMBER_US,
    store_id: StoreId = STORE,
) -> OrderVersion:
    return OrderVersion(
        store_id=store_id,
        order=order_key(number),
        version=index,
        customer=customer,
        known_us=occurred_us + index,
        known_until_us=UNTIL_FOREVER_US,
        occurred_us=occurred_us,
        valid=customer is not None,
        gross_minor=2**62,
        refund_minor=index,
        lines=LINES,
        reconstructed=index % 2 == 1,
        sold=index % 3 > 0,
        discount_minor=index * 7,
    )


def product_version(product_id: str, index: int = 0, store_id: StoreId = STORE) -> ProductVersion:
    return ProductVersion(
        store_id=store_id,
        product_id=product_id,
        version=index,
        known_us=index,
        known_until_us=UNTIL_FOREVER_US,
        title="Shirt",
        category="Apparel > Shirts",
        status="active",
        deleted=index > 0,
        variants=(VARIANT,),
    )


def record(
    entity: Pseudonym,
    state: bytes = b"\x01state",
    *,
    view: str = "customer",
    store: StoreId = STORE,
) -> PackedRecord:
    return PackedRecord(
        store_id=store, view=view, entity=entity, revision=0, received_us=7, state=state
    )


def dead_letter(
    offset: int,
    failed_us: int = 1,
    *,
    subject: Pseudonym | None = None,
    attempts: int = 1,
    store_id: StoreId = STORE,
) -> DeadLetter:
    return DeadLetter(
        partition="web-0",
        offset=offset,
        store_id=store_id,
        topic="orders/create",
        reason="no id",
        failed_us=failed_us,
        subject=subject,
        attempts=attempts,
    )


def changes(
    *,
    tellings: Mapping[Document, Sequence[Telling]] | None = None,
    orders: Mapping[Document, Sequence[OrderVersion]] | None = None,
    products: Mapping[Document, Sequence[ProductVersion]] | None = None,
    records: Sequence[PackedRecord] = (),
    dead_letters: Sequence[DeadLetter] = (),
    settled: Sequence[tuple[str, int]] = (),
    through: Mapping[str, int] | None = None,
) -> LedgerChanges:
    return LedgerChanges(
        tellings=tellings or {},
        orders=orders or {},
        products=products or {},
        records=records,
        dead_letters=dead_letters,
        settled=settled,
        through=Position(through or {}),
    )


class Both(NamedTuple):
    """A ledger, and the feed that reads it."""

    ledger: SqliteLedger | MemoryLedger
    feed: SqliteLedgerFeed | MemoryLedger


def in_memory() -> Both:
    ledger = MemoryLedger()
    return Both(ledger, ledger)


@contextmanager
def on_disk(path: Path) -> Iterator[Both]:
    ledger, feed = SqliteLedger(path), SqliteLedgerFeed(path)
    try:
        yield Both(ledger, feed)
    finally:
        feed.close()
        ledger.close()
