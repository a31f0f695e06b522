"""Compares everything that a simulated shop holds with everything that the ledger holds."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from shopwright.core.types.ledger import Document
from shopwright.core.types.store import Store
from shopwright.events import order_chain, product_chain, shopify, stock
from shopwright.pipelines.store_keys import StoreKeys

if TYPE_CHECKING:
    from simulated_admin import SimulatedAdmin


def differences(admin: "SimulatedAdmin") -> dict[str, int]:
    """Count orders and products that are absent, other, or here and no longer there."""
    ledger, store = admin.system.ledger, admin.system.store
    pseudonymise = StoreKeys(admin.system.keys).pseudonymiser(store.store_id)
    found: Counter[str] = Counter()
    merged = Document(store.store_id, "merges", b"")
    merges: Any = ledger.tellings([merged]).get(merged, ())
    there = set()
    for number, payload in admin.holdings._orders._payloads.items():
        document = Document(store.store_id, "order", pseudonymise("order", str(number)))
        there.add(document)
        held = ledger._orders.get(document)
        if not held:
            found["orders absent"] += 1
            continue
        fact = _read("orders/updated", payload, store, pseudonymise)
        wanted = order_chain.chain(store.store_id, document.key, [fact], merges)[-1]
        if _state(held[-1]) != _state(wanted):
            found["orders other"] += 1
    for document, versions in ledger._orders.items():
        if document not in there and versions and versions[-1].valid:
            found["orders that are gone"] += 1
    for number, payload in admin.holdings._products._payloads.items():
        document = Document(store.store_id, "product", str(number).encode())
        held = ledger._products.get(document)
        fact = _read("products/update", payload, store, pseudonymise)
        wanted = product_chain.chain(store.store_id, str(number), [fact])[-1]
        if not held:
            found["products absent"] += 1
        elif _product(held[-1]) != _product(wanted):
            found["products other"] += 1
    for item in admin.holdings.stock.items():
        now = stock.now_of(store.store_id, str(item))
        held = stock.levels(ledger.tellings([now]).get(now, ()))
        there = {str(place): level for place, level in admin.holdings.stock.of(item).items()}
        for place, level in there.items():
            if place not in held:
                found["levels absent"] += 1
            elif held[place].available != level.available:
                found["levels other"] += 1
        found["levels that are gone"] += len(held.keys() - there.keys())
    return {name: number for name, number in found.items() if number}


def _read(topic: str, payload: Any, store: Store, pseudonymise: Any) -> Any:
    body = msgspec.json.encode(payload)
    (fact,) = shopify.read(topic, body, store, pseudonymise, triggered_us=None, received_us=0)
    return fact


def _state(version: Any) -> tuple[Any, ...]:
    return (
        version.customer,
        version.occurred_us,
        version.valid,
        version.gross_minor,
        version.refund_minor,
        version.lines,
    )


def _product(version: Any) -> tuple[Any, ...]:
    return version.title, version.category, version.status, version.deleted, version.variants
