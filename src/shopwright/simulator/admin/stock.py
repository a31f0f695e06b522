"""What lies where in a simulated shop, as the GraphQL API shows it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from shopwright.simulator.admin.nodes import Children, Node, Payload, gid, number, when
from shopwright.simulator.stock_payload import PLACES, SHOP_FLOOR

NAMES = {1: "Shop floor", 2: "Storeroom"}


class Level(NamedTuple):
    """Units of an item at a place; None: it is not kept there."""

    available: int | None
    updated_at: str


class Stock:
    """Every level, as its newest webhook told it."""

    def __init__(self) -> None:
        self._levels: dict[int, dict[int, Level]] = {}

    def tell(self, topic: str, body: Mapping[str, Any], at: str) -> int:
        """Change a level by what a webhook tells; return the item."""
        item, place = int(body["inventory_item_id"]), int(body["location_id"])
        gone = topic == "inventory_levels/disconnect"
        level = Level(None if gone else body["available"], body.get("updated_at") or at)
        self._levels.setdefault(item, {})[place] = level
        return item

    def of(self, item: int) -> Mapping[int, Level]:
        """Return an item's levels by place."""
        return dict(sorted(self._levels.get(item, {}).items()))

    def items(self) -> Iterator[int]:
        """Return every item that lies, or lay, anywhere."""
        return iter(sorted(self._levels))

    def location(self, place: int) -> Node:
        """Return a place with everything that lies there."""
        levels = Children(
            self._node(item, place) for item in self.items() if place in self._levels[item]
        )
        # The levels of a place have one number in common: they are told apart by their items.
        levels.place = lambda node: ("", number(node["item"]))
        return _location(place) | {"inventoryLevels": levels}

    def locations(self) -> Children:
        """Return every place."""
        return Children(self.location(place) for place in PLACES)

    def item(self, variant: Payload) -> Node:
        """Return the node of what lies on the shelf for a variant."""
        number = int(variant["inventory_item_id"])
        if number not in self._levels and variant.get("inventory_quantity") is not None:
            told = Level(variant["inventory_quantity"], variant["updated_at"])
            self._levels[number] = {SHOP_FLOOR: told}
        return {
            "__typename": "InventoryItem",
            "id": gid("InventoryItem", number),
            "legacyResourceId": number,
            "sku": variant["sku"],
            "tracked": True,
            "updatedAt": when(variant["updated_at"]),
            "inventoryLevels": Children(self._node(number, place) for place in self.of(number)),
        }

    def _node(self, item: int, place: int) -> Node:
        level = self._levels[item][place]
        at = when(level.updated_at)
        return {
            "__typename": "InventoryLevel",
            "id": f"{gid('InventoryLevel', place)}?inventory_item_id={item}",
            "updatedAt": at,
            "isActive": level.available is not None,
            "item": {"__typename": "InventoryItem", "id": gid("InventoryItem", item)},
            "location": _location(place),
            "quantities": [
                {
                    "__typename": "InventoryQuantity",
                    "id": f"{gid('InventoryQuantity', item)}?name=available",
                    "name": "available",
                    "quantity": level.available or 0,
                    "updatedAt": at,
                }
            ],
        }


def _location(place: int) -> Node:
    name = NAMES.get(place, f"Place {place}")
    return {"__typename": "Location", "id": gid("Location", place), "name": name}
