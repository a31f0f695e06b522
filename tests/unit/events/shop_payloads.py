"""Payloads as Shopify sends them, made by hand, for the tests of this folder."""

import hashlib
import json
from typing import Any

from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Telling
from shopwright.core.types.store import Store
from shopwright.events.shopify import read

STORE = Store(
    store_id=StoreId("mug-shop.myshopify.com"),
    currency="GBP",
    timezone="Europe/London",
    added_us=0,
)
RECEIVED_US = 1_780_000_000_000_000
MINUTE_US = 60_000_000

Json = dict[str, Any]


def pseudonymise(kind: str, original_id: str) -> Pseudonym:
    """Return a pseudonym that is the same in every run."""
    return Pseudonym(hashlib.blake2b(f"{kind}:{original_id}".encode(), digest_size=16).digest())


def money(amount: str, currency: str = "GBP") -> Json:
    """Return a money set whose presentment side must never be read."""
    return {
        "shop_money": {"amount": amount, "currency_code": currency},
        "presentment_money": {"amount": "99999.99", "currency_code": "USD"},
    }


def line(**over: Any) -> Json:
    """Return one order line: two mugs at 10.00."""
    return {
        "id": 11,
        "product_id": 501,
        "variant_id": 601,
        "sku": "MUG",
        "quantity": 2,
        "current_quantity": 2,
        "price": "10.00",
        "price_set": money("10.00"),
        "gift_card": False,
        "discount_allocations": [],
        "tax_lines": [],
        "total_discount": "0.00",
    } | over


def order(**over: Any) -> Json:
    """Return an order of two mugs by customer 7, on 2 March 2026 at noon."""
    return {
        "id": 1001,
        "admin_graphql_api_id": "gid://shopify/Order/1001",
        "customer": {"id": 7, "email": "someone@example.com"},
        "email": "someone@example.com",
        "created_at": "2026-03-02T12:00:00+00:00",
        "processed_at": "2026-03-02T12:00:00+00:00",
        "updated_at": "2026-03-02T12:00:00+00:00",
        "cancelled_at": None,
        "currency": "GBP",
        "financial_status": "paid",
        "confirmed": True,
        "test": False,
        "taxes_included": False,
        "line_items": [line()],
        "refunds": [],
    } | over


def refund(**over: Any) -> Json:
    """Return the refund of one of the two mugs, on 5 March 2026 at noon."""
    return {
        "id": 2001,
        "order_id": 1001,
        "created_at": "2026-03-05T12:00:00+00:00",
        "processed_at": "2026-03-05T12:00:00+00:00",
        "refund_line_items": [
            {
                "id": 1,
                "line_item_id": 11,
                "quantity": 1,
                "subtotal": 10.0,
                "subtotal_set": money("10.00"),
                "total_tax": 0,
                "total_tax_set": money("0.00"),
            }
        ],
    } | over


def told(topic: str, payload: object, *, triggered_us: int | None = None) -> tuple[Telling, ...]:
    """Return what a payload tells."""
    return read(
        topic,
        json.dumps(payload).encode(),
        STORE,
        pseudonymise,
        triggered_us=triggered_us,
        received_us=RECEIVED_US,
    )
