"""Cuts a backfill into bulk operations, and says what a search covers.

Orders are cut by when they were created: that never changes, so a slice stays the same set however
often its orders are updated meanwhile, and can be counted before and after.
"""

from collections.abc import Collection, Mapping
from itertools import pairwise

from shopwright.admin.documents import KINDS, STOCK
from shopwright.core.clock import iso
from shopwright.core.types.connection import Slice
from shopwright.core.types.identity import StoreId

ORDERS_PER_SLICE = 25_000
SLICES_MAX = 40
_SCOPE = {"orders": "read_orders", "products": "read_products", "customers": "read_customers"}
STOCK_SCOPE = "read_inventory"


def kinds(scopes: Collection[str]) -> tuple[str, ...]:
    """Return what may be read with these scopes."""
    return tuple(kind for kind in KINDS if _SCOPE[kind] in scopes)


def slices(
    store_id: StoreId,
    scopes: Collection[str],
    from_us: int,
    until_us: int,
    orders: int | None,
    newest: Mapping[str, int],
) -> list[Slice]:
    """Return the slices of a backfill of orders created in [from, until), and all the rest.

    ``orders`` is how many there are, as far as Shopify says; ``newest`` the newest id of the other
    kinds: what is created while they are read belongs to webhooks and the next look.
    """
    planned = []
    if "orders" in kinds(scopes):
        pieces = min(SLICES_MAX, max(1, -(-(orders or 0) // ORDERS_PER_SLICE)))
        edges = [from_us + (until_us - from_us) * i // pieces for i in range(pieces + 1)]
        planned += [
            Slice(
                store_id=store_id,
                name=f"orders/{iso(low)[:19]}Z..{iso(high)[:19]}Z",
                kind="orders",
                search=created_between(_second(low), _second(high)),
            )
            for low, high in pairwise(edges)
        ]
    planned += [
        Slice(store_id=store_id, name=kind, kind=kind, search=up_to(newest[kind]))
        for kind in kinds(scopes)
        if kind != "orders"
    ]
    if STOCK_SCOPE in scopes:
        # All of it: a level that changes while it is read is told twice, which changes nothing.
        planned.append(Slice(store_id=store_id, name="inventory", kind=STOCK, search=""))
    return planned


def up_to(newest_id: int) -> str:
    """Return the search for everything up to an id: Shopify gives them in order of creation."""
    return f"id:<={newest_id}"


def created_between(from_us: int, until_us: int) -> str:
    """Return the search for what was created in [from, until)."""
    return f"created_at:>='{_stamp(from_us)}' created_at:<'{_stamp(until_us)}'"


def updated_between(from_us: int, until_us: int) -> str:
    """Return the search for what was updated in [from, until]."""
    return f"updated_at:>='{_stamp(from_us)}' updated_at:<='{_stamp(until_us)}'"


def _second(us: int) -> int:
    return us - us % 1_000_000


def _stamp(us: int) -> str:
    return iso(us)[:19] + "Z"
