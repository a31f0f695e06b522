"""Versions as Arrow tables: the relations that portable SQL reads, in memory and in Parquet."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from shopwright.core.errors import BadInput
from shopwright.core.types.order import UNTIL_FOREVER_US, OrderVersion, by_customer
from shopwright.core.types.product import ProductVersion, VariantVersion
from shopwright.core.types.stock import LevelVersion

_KNOWN = [
    pa.field("known_us", pa.int64(), nullable=False),
    pa.field("known_until_us", pa.int64(), nullable=False),
]
_ORDER = [
    pa.field("store_id", pa.string(), nullable=False),
    pa.field("order_key", pa.binary(), nullable=False),
    pa.field("version", pa.int32(), nullable=False),
]
_OF_CUSTOMER = [
    pa.field("customer", pa.binary()),
    *_KNOWN,
    pa.field("occurred_us", pa.int64(), nullable=False),
    pa.field("valid", pa.bool_(), nullable=False),
    pa.field("sold", pa.bool_(), nullable=False),
]

SCHEMAS: dict[str, Any] = {
    "orders": pa.schema(
        [
            *_ORDER,
            *_OF_CUSTOMER,
            pa.field("gross_minor", pa.int64(), nullable=False),
            pa.field("refund_minor", pa.int64(), nullable=False),
            pa.field("net_minor", pa.int64(), nullable=False),
            pa.field("discount_minor", pa.int64(), nullable=False),
            pa.field("list_minor", pa.int64(), nullable=False),
        ]
    ),
    "lines": pa.schema(
        [
            *_ORDER,
            pa.field("line_no", pa.int32(), nullable=False),
            *_OF_CUSTOMER,
            pa.field("line_id", pa.string(), nullable=False),
            pa.field("product_id", pa.string()),
            pa.field("variant_id", pa.string()),
            pa.field("sku", pa.string()),
            pa.field("quantity", pa.int64(), nullable=False),
            pa.field("gross_minor", pa.int64(), nullable=False),
            pa.field("gift_card", pa.bool_(), nullable=False),
            pa.field("discount_minor", pa.int64(), nullable=False),
            pa.field("returned", pa.int64(), nullable=False),
            pa.field("refund_minor", pa.int64(), nullable=False),
        ]
    ),
    "products": pa.schema(
        [
            pa.field("store_id", pa.string(), nullable=False),
            pa.field("product_id", pa.string(), nullable=False),
            pa.field("version", pa.int32(), nullable=False),
            *_KNOWN,
            pa.field("title", pa.string(), nullable=False),
            pa.field("category", pa.string(), nullable=False),
            pa.field("status", pa.string(), nullable=False),
            pa.field("deleted", pa.bool_(), nullable=False),
        ]
    ),
    "variants": pa.schema(
        [
            pa.field("store_id", pa.string(), nullable=False),
            pa.field("product_id", pa.string(), nullable=False),
            pa.field("variant_id", pa.string(), nullable=False),
            pa.field("version", pa.int32(), nullable=False),
            *_KNOWN,
            pa.field("sku", pa.string()),
            pa.field("price_minor", pa.int64(), nullable=False),
            pa.field("inventory_item_id", pa.string()),
            pa.field("deleted", pa.bool_(), nullable=False),
        ]
    ),
    "level_changes": pa.schema(
        [
            pa.field("store_id", pa.string(), nullable=False),
            pa.field("item", pa.string(), nullable=False),
            pa.field("location", pa.string(), nullable=False),
            pa.field("known_us", pa.int64(), nullable=False),
            pa.field("available", pa.int64()),
        ]
    ),
}
"""What lies in files, and its columns; every file of a relation has exactly this schema."""

VIEWS = {
    "levels": (
        "SELECT store_id, item, location, known_us, COALESCE(LEAD(known_us) OVER ("
        "PARTITION BY store_id, item, location ORDER BY known_us), "
        f"{UNTIL_FOREVER_US}) AS known_until_us, available FROM level_changes"
    )
}
"""Relations that follow from others, in portable SQL.

A level ends where the next one begins, which may lie in any later month. Were the end stored, the
first sale of a month would have the month of the last one written again.
"""

SPINES = ("spine", "product_spine", "variant_spine", "store_spine")
"""What a query may call the spine that is given with it: each kind of view has a name for its own,
because in a warehouse they lie side by side."""

ORDER_RELATIONS = ("orders", "lines")
"""The relations that name a customer."""


ORDERS_AT_ONCE = 4_096
"""So many versions are rows in memory at a time."""


def order_tables(versions: Iterable[OrderVersion]) -> dict[str, Any]:
    """Return the versions as tables ``orders`` and ``lines``, by customer and then by time.

    One customer's orders lie together, so a join by customer reads few row groups. A sequence may
    come in any order; what is walked but once is in that order already, and is never in memory as a
    whole but in the compact form of the tables. Raises BadInput when it is not in order.
    """
    if isinstance(versions, Sequence):
        versions = sorted(versions, key=by_customer)
    parts: dict[str, list[Any]] = {relation: [] for relation in ORDER_RELATIONS}
    last: tuple[str, bytes, int, bytes, int] | None = None
    walked = iter(versions)
    while chunk := list(islice(walked, ORDERS_AT_ONCE)):
        for one in chunk:
            place = by_customer(one)
            if last is not None and place < last:
                raise BadInput(f"{one.store_id}: a month's orders are not by customer and time")
            last = place
        parts["orders"].append(_table("orders", [_order_row(one) for one in chunk]))
        parts["lines"].append(_table("lines", [row for one in chunk for row in _line_rows(one)]))
    return {
        relation: pa.concat_tables(tables) if tables else _table(relation, ())
        for relation, tables in parts.items()
    }


def product_table(versions: Iterable[ProductVersion]) -> Any:
    """Return the versions as the table ``products``, by product and version."""
    ordered = sorted(versions, key=lambda one: (one.store_id, one.product_id, one.version))
    return _table("products", [_product_row(one) for one in ordered])


def variant_table(versions: Iterable[VariantVersion]) -> Any:
    """Return the versions as the table ``variants``, by product, variant and time."""
    rows = sorted(
        versions, key=lambda one: (one.store_id, one.product_id, one.variant_id, one.known_us)
    )
    return _table(
        "variants",
        [tuple(getattr(one, name) for name in SCHEMAS["variants"].names) for one in rows],
    )


def level_table(versions: Iterable[LevelVersion]) -> Any:
    """Return the versions as the table ``level_changes``, by item, place and time."""
    rows = [(one.store_id, one.item, one.location, one.known_us, one.available) for one in versions]
    return _table("level_changes", sorted(rows, key=lambda row: row[:4]))


def _table(relation: str, rows: Sequence[tuple[Any, ...]]) -> Any:
    schema = SCHEMAS[relation]
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _order_row(one: OrderVersion) -> tuple[Any, ...]:
    return (
        one.store_id,
        one.order,
        one.version,
        *_of_customer(one),
        one.gross_minor,
        one.refund_minor,
        one.gross_minor - one.refund_minor,
        one.discount_minor,
        one.gross_minor + one.discount_minor,
    )


def _line_rows(one: OrderVersion) -> list[tuple[Any, ...]]:
    return [
        (
            one.store_id,
            one.order,
            one.version,
            number,
            *_of_customer(one),
            line.line_id,
            line.product_id,
            line.variant_id,
            line.sku,
            line.quantity,
            line.gross_minor,
            line.gift_card,
            line.discount_minor,
            line.returned,
            line.refund_minor,
        )
        for number, line in enumerate(one.lines)
    ]


def _of_customer(one: OrderVersion) -> tuple[Any, ...]:
    return (
        one.customer,
        one.known_us,
        one.known_until_us,
        one.occurred_us,
        one.valid,
        one.sold,
    )


def _product_row(one: ProductVersion) -> tuple[Any, ...]:
    return (
        one.store_id,
        one.product_id,
        one.version,
        one.known_us,
        one.known_until_us,
        one.title,
        one.category,
        one.status,
        one.deleted,
    )
