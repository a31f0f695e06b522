"""Reads ``inventory_levels/*``: how many units of an item can be sold at a location.

No product is named: a variant says which inventory item is its own.
https://shopify.dev/docs/api/admin-rest/latest/resources/inventorylevel
"""

import msgspec
from msgspec import Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.ledger import Telling
from shopwright.core.types.stock import LevelFact
from shopwright.events.reading import Reading, ShopifyId, check_kind, date_us, decode, plain_id

UNITS_MAX = (1 << 63) - 1


class LevelPayload(Struct, frozen=True, gc=False):
    """An inventory level."""

    inventory_item_id: ShopifyId
    location_id: ShopifyId
    available: int | None = None
    updated_at: str | None = None
    admin_graphql_api_id: str | None = None


def read_level(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return one level. Raises Unreadable."""
    payload = decode(_LEVEL, body)
    check_kind(payload.admin_graphql_api_id, "InventoryLevel")
    updated_us = date_us(payload.updated_at, "updated_at")
    return (
        level(
            payload.inventory_item_id,
            payload.location_id,
            payload.available,
            reading.told_us if updated_us is None else updated_us,
        ),
    )


def read_disconnection(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return that an item is no longer kept at a location. Raises Unreadable."""
    payload = decode(_LEVEL, body)
    return (level(payload.inventory_item_id, payload.location_id, None, reading.told_us),)


def level(
    item: ShopifyId, location: ShopifyId, available: int | None, updated_us: int
) -> LevelFact:
    """Return a level, whatever source it came from. Raises Unreadable."""
    if available is not None and abs(available) > UNITS_MAX:
        raise Unreadable("a stock is too large to be true")
    return LevelFact(
        item=plain_id(item, "inventory_item_id"),
        location=plain_id(location, "location_id"),
        updated_us=updated_us,
        available=available,
    )


_LEVEL = msgspec.json.Decoder(LevelPayload)
