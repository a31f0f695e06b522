"""Shopify-like ids: 13 or 14 digits, growing, each kind in a range of its own, below 2^53."""

from collections.abc import Callable

NextId = Callable[[str], int]
"""Gives the next id of a kind."""

_KINDS = (
    "order",
    "customer",
    "product",
    "variant",
    "inventory_item",
    "line_item",
    "refund",
    "refund_line",
    "transaction",
    "fulfillment",
    "shipping_line",
    "order_edit",
    "address",
)
_STEP = 32_771


def id_source(shop_number: int) -> NextId:
    """Return a giver of ids for one shop."""
    last = {
        kind: (3 + place) * 1_000_000_000_000 + shop_number * 1_000
        for place, kind in enumerate(_KINDS)
    }

    def next_id(kind: str) -> int:
        last[kind] += _STEP
        return last[kind]

    return next_id
