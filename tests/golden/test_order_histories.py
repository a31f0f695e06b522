"""Hand-made deliveries, what they tell, and the versions that come of it: compared with files.

``python tests/golden/test_order_histories.py`` writes the expectations anew; read the difference
before it is committed.
"""

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shopwright.core.clock import iso
from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import UNTIL_FOREVER_US
from shopwright.core.types.product import ProductFact
from shopwright.core.types.store import Store
from shopwright.events import order_chain, product_chain
from shopwright.events.instant import instant_us
from shopwright.events.shopify import read

HISTORIES = Path(__file__).parent / "histories"
NAMES = sorted(path.stem for path in HISTORIES.glob("*.json"))
WRITTEN = ("tellings", "orders", "products")


class Known:
    """Makes pseudonyms and can still say whose they are."""

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}

    def pseudonymise(self, kind: str, original_id: str) -> Pseudonym:
        name = f"{kind} {original_id}"
        found = Pseudonym(hashlib.blake2b(name.encode(), digest_size=16).digest())
        self._names[found] = name
        return found

    def show(self, value: Any, field: str = "") -> Any:
        """Return plain JSON that a person can check: names for pseudonyms, dates for instants."""
        if isinstance(value, bytes):
            return self._names[value]
        if isinstance(value, msgspec.Struct):
            return {name: self.show(found, name) for name, found in _fields(value)}
        if isinstance(value, list | tuple):
            return [self.show(item) for item in value]
        if field.endswith("_us") and isinstance(value, int) and value:
            return "for ever" if value == UNTIL_FOREVER_US else iso(value)
        return value


def _fields(struct: msgspec.Struct) -> list[tuple[str, Any]]:
    found = [(name, getattr(struct, name)) for name in struct.__struct_fields__]
    tag = struct.__struct_config__.tag
    return [("type", tag), *found] if tag is not None else found


def draw(history: dict[str, Any]) -> dict[str, Any]:
    """Return what the deliveries of a history tell, and every order and product drawn from it."""
    known = Known()
    store = Store(
        store_id=StoreId("mug-shop.myshopify.com"),
        currency=history["currency"],
        timezone="UTC",
        added_us=0,
    )
    told: list[Telling] = []
    for delivery in history["deliveries"]:
        triggered_at = delivery.get("triggered_at")
        told += read(
            delivery["topic"],
            json.dumps(delivery["body"]).encode(),
            store,
            known.pseudonymise,
            triggered_us=None if triggered_at is None else instant_us(triggered_at),
            received_us=instant_us(delivery["received_at"]) or 0,
        )
    orders, products = _draw(store, told)
    return {
        "tellings": known.show(told),
        "orders": known.show(orders),
        "products": known.show(products),
    }


def _draw(store: Store, told: Sequence[Telling]) -> tuple[list[Any], list[Any]]:
    merges = [telling for telling in told if isinstance(telling, CustomerMerge)]
    of_order: dict[Pseudonym, list[Telling]] = defaultdict(list)
    of_product: dict[str, list[Telling]] = defaultdict(list)
    for telling in told:
        if isinstance(telling, ProductFact):
            of_product[telling.product_id].append(telling)
        elif hasattr(telling, "order"):
            of_order[telling.order].append(telling)
    orders = [
        order_chain.chain(store.store_id, order, order_chain.gather((), tellings), merges)
        for order, tellings in of_order.items()
    ]
    products = [
        product_chain.chain(store.store_id, product, order_chain.gather((), tellings))
        for product, tellings in of_product.items()
    ]
    return orders, products


def load(name: str) -> dict[str, Any]:
    history: dict[str, Any] = json.loads((HISTORIES / f"{name}.json").read_text("utf-8"))
    return history


def test_the_histories_are_there() -> None:
    assert len(NAMES) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_history(name: str) -> None:
    history = load(name)
    drawn = draw(history)
    for part in WRITTEN:
        assert drawn[part] == history[part], f"{name}: {part}"


@pytest.mark.parametrize("name", NAMES)
def test_history_told_backwards_and_twice(name: str) -> None:
    history = load(name)
    history["deliveries"] = [*history["deliveries"][::-1], *history["deliveries"]]
    drawn = draw(history)
    expected = load(name)
    for part in ("orders", "products"):
        assert sorted(map(str, drawn[part])) == sorted(map(str, expected[part]))


def rewrite() -> None:
    """Write the expectations of every history anew."""
    for path in sorted(HISTORIES.glob("*.json")):
        history = json.loads(path.read_text("utf-8"))
        text = json.dumps(history | draw(history), ensure_ascii=False, indent=1)
        path.write_text(text + "\n", "utf-8")
        sys.stdout.write(f"wrote {path.name}\n")


if __name__ == "__main__":
    rewrite()
