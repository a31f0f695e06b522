"""Reads stock from the Admin API: an inventory item with its levels at every location."""

import msgspec
from msgspec import Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.ledger import Telling
from shopwright.events.reading import Reading, ShopifyId, check_kind, date_us, decode
from shopwright.events.shopify_level import level

TOPIC = "admin/inventory"


class _Location(Struct, frozen=True, gc=False):
    id: ShopifyId


class _Quantity(Struct, frozen=True, gc=False):
    name: str
    quantity: int


class _Level(Struct, frozen=True, rename="camel"):
    updated_at: str
    location: _Location
    is_active: bool = True
    """Whether the item is kept there."""
    quantities: tuple[_Quantity, ...] = ()


class _Item(Struct, frozen=True, rename="camel"):
    id: ShopifyId
    inventory_levels: tuple[_Level, ...] = ()


def read_item(body: bytes, _reading: Reading) -> tuple[Telling, ...]:
    """Return the item's levels: those that its webhooks would tell. Raises Unreadable."""
    item = decode(_ITEM, body)
    check_kind(str(item.id), "InventoryItem")
    return tuple(
        level(item.id, one.location.id, _available(one), _updated_us(one))
        for one in item.inventory_levels
    )


def _available(one: _Level) -> int | None:
    if not one.is_active:
        return None
    return next((each.quantity for each in one.quantities if each.name == "available"), None)


def _updated_us(one: _Level) -> int:
    found = date_us(one.updated_at, "updatedAt")
    if found is None:
        raise Unreadable("an inventory level has no date")
    return found


_ITEM = msgspec.json.Decoder(_Item)
