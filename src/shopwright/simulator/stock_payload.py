"""The payloads of ``inventory_levels/*``: a variant's units lie at two places."""

from collections.abc import Iterator
from typing import NamedTuple

from shopwright.simulator.amounts import Json
from shopwright.simulator.catalogue import Variant
from shopwright.simulator.letterhead import Letterhead

SHOP_FLOOR, STOREROOM = 1, 2
PLACES = (SHOP_FLOOR, STOREROOM)
STOREROOM_PART = 4
"""One unit of so many lies in the storeroom."""


class Move(NamedTuple):
    """A place's stock of an item changed."""

    item: int
    place: int
    at_us: int
    units: int
    is_first: bool


def moves(variant: Variant) -> Iterator[Move]:
    """Yield every change of a variant's stock, place by place, oldest first."""
    before: dict[int, int] = {}
    for at_us in sorted(set(variant.stock.since)):
        for place in PLACES:
            units = _units(place, variant.stock.at(at_us))
            if before.get(place) != units:
                yield Move(variant.inventory_item_id, place, at_us, units, place not in before)
                before[place] = units


def level_body(move: Move, letterhead: Letterhead) -> Json:
    """Return a level as of a change."""
    return {
        "admin_graphql_api_id": (
            f"gid://shopify/InventoryLevel/{move.place}?inventory_item_id={move.item}"
        ),
        "available": move.units,
        "inventory_item_id": move.item,
        "location_id": move.place,
        "updated_at": letterhead.time(move.at_us),
    }


def _units(place: int, stock: int) -> int:
    stored = stock // STOREROOM_PART
    return stored if place == STOREROOM else stock - stored
