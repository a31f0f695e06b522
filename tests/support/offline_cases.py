"""Orders, products and levels with every column filled, for the tests of the offline store."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from feature_parity import value_at
from order_histories import CUSTOMERS, DAY, MIDNIGHT, STORES

from shopwright.core.ports import Columns, OfflineStore
from shopwright.core.types.history import StoreTables
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import MonthPartition
from shopwright.core.types.order import UNTIL_FOREVER_US, Line, OrderVersion
from shopwright.core.types.product import ProductVersion, VariantVersion
from shopwright.core.types.stock import LevelVersion

ONE, TWO = STORES
OCTOBER, NOVEMBER = MonthPartition(ONE, "2025-10"), MonthPartition(ONE, "2025-11")
ANNA = Pseudonym(b"\0anna\0\xff" + bytes(9))
"""Zeros in the middle and at the end: a careless copy would lose them."""
BEN = CUSTOMERS[1]


def order(number: int, customer: Pseudonym | None, **changes: object) -> OrderVersion:
    """Return a version of an order with a line and a gift card."""
    fields: dict[str, object] = {
        "store_id": ONE,
        "order": Pseudonym(number.to_bytes(16, "little")),
        "version": 3,
        "customer": customer,
        "known_us": MIDNIGHT + 1,
        "known_until_us": UNTIL_FOREVER_US,
        "occurred_us": MIDNIGHT,
        "valid": customer is not None,
        "gross_minor": 1_000,
        "refund_minor": 300,
        "lines": (
            Line(
                line_id="11",
                product_id="7",
                variant_id="8",
                sku="RED-ü'\"; --",
                quantity=2,
                gross_minor=1_000,
                gift_card=False,
                discount_minor=250,
                returned=1,
                refund_minor=300,
            ),
            Line(
                line_id="12",
                product_id=None,
                variant_id=None,
                sku=None,
                quantity=1,
                gross_minor=5_000,
                gift_card=True,
            ),
        ),
        "reconstructed": False,
        "sold": True,
        "discount_minor": 250,
    }
    return OrderVersion(**{**fields, **changes})  # type: ignore[arg-type]


def product(product_id: str, category: str, **changes: object) -> ProductVersion:
    """Return a version of a product."""
    fields: dict[str, object] = {
        "store_id": ONE,
        "product_id": product_id,
        "version": 0,
        "known_us": MIDNIGHT,
        "known_until_us": UNTIL_FOREVER_US,
        "title": "Böot ☃",
        "category": category,
        "status": "active",
        "deleted": False,
        "variants": (),
    }
    return ProductVersion(**{**fields, **changes})  # type: ignore[arg-type]


def variant(variant_id: str, **changes: object) -> VariantVersion:
    """Return a version of a variant."""
    fields: dict[str, object] = {
        "store_id": ONE,
        "product_id": "7",
        "variant_id": variant_id,
        "version": 0,
        "known_us": MIDNIGHT,
        "known_until_us": UNTIL_FOREVER_US,
        "sku": "RED-ü",
        "price_minor": 2**62,
        "inventory_item_id": "9",
        "deleted": False,
    }
    return VariantVersion(**{**fields, **changes})  # type: ignore[arg-type]


def level(known_us: int, available: int | None, **changes: object) -> LevelVersion:
    """Return a version of a level."""
    fields: dict[str, object] = {
        "store_id": ONE,
        "item": "9",
        "location": "1",
        "known_us": known_us,
        "known_until_us": UNTIL_FOREVER_US,
        "available": available,
    }
    return LevelVersion(**{**fields, **changes})  # type: ignore[arg-type]


def catalogue(*products: ProductVersion) -> StoreTables:
    """Return the products of a store, as one that has no variants."""
    return StoreTables(products=products, variants=())


def rows(columns: Columns) -> list[tuple[object, ...]]:
    """Return a table by row; null is None."""
    return [
        tuple(value_at(column, i) for column in columns.values())
        for i in range(len(next(iter(columns.values()))))
    ]


def count(store: OfflineStore, relation: str, stores: Sequence[StoreId] = STORES) -> int:
    """Return how many rows a relation has."""
    sql = f"SELECT CAST(COUNT(*) AS BIGINT) AS n FROM {relation}"
    return int(store.query(sql, stores, None)["n"][0])


def by_month(versions: Sequence[OrderVersion]) -> Mapping[MonthPartition, list[OrderVersion]]:
    """Return versions in the partitions in which the ledger keeps them."""
    months: dict[MonthPartition, list[OrderVersion]] = {}
    for one in versions:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=one.occurred_us)
        months.setdefault(MonthPartition(one.store_id, at.strftime("%Y-%m")), []).append(one)
    return months


def small_orders(*numbers: int, customer: Pseudonym = ANNA) -> list[OrderVersion]:
    """Return one version of each order, within five days of October."""
    return [
        OrderVersion(
            store_id=ONE,
            order=Pseudonym(number.to_bytes(16, "big")),
            version=0,
            customer=customer,
            known_us=MIDNIGHT,
            known_until_us=UNTIL_FOREVER_US,
            occurred_us=MIDNIGHT + (number * 7 % 5) * DAY,
            valid=True,
            gross_minor=number,
            refund_minor=0,
            lines=(
                Line(
                    line_id="1",
                    product_id=None,
                    variant_id=None,
                    sku=None,
                    quantity=1,
                    gross_minor=number,
                    gift_card=False,
                ),
            ),
            reconstructed=False,
            sold=True,
            discount_minor=0,
        )
        for number in numbers
    ]
