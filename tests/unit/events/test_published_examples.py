"""Shopify's own published examples are read, each topic of them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from shop_payloads import STORE, pseudonymise

from shopwright.core.errors import Unreadable
from shopwright.core.types.customer import CustomerFact
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import OrderDeletion, OrderEdit, OrderFact, RefundFact
from shopwright.core.types.product import ProductFact
from shopwright.core.types.stock import LevelFact
from shopwright.events.privacy import ABOUT_PEOPLE
from shopwright.events.shopify import TOPICS, read
from shopwright.events.subject import subject_of
from shopwright.events.webhook import OWN_TOPICS

EXAMPLES = Path(__file__).resolve().parents[4] / "shared/shopify/webhook_schemas_2026-07.json.gz"
DOLLARS = replace(STORE, currency="USD")

UNPUBLISHED = {one for one in TOPICS if one.startswith(OWN_TOPICS)} | {
    "customers/enable",
    "customers/disable",
}
"""Our own topics, and two that share the payload of customers/update."""

TOLD: dict[str, type[Telling]] = {
    **dict.fromkeys(
        (
            "orders/create",
            "orders/updated",
            "orders/paid",
            "orders/cancelled",
            "orders/fulfilled",
            "orders/partially_fulfilled",
        ),
        OrderFact,
    ),
    "orders/edited": OrderEdit,
    "orders/delete": OrderDeletion,
    "refunds/create": RefundFact,
    "products/create": ProductFact,
    "products/update": ProductFact,
    "products/delete": ProductFact,
    "customers/create": CustomerFact,
    "customers/update": CustomerFact,
    "customers/delete": CustomerFact,
    "inventory_levels/connect": LevelFact,
    "inventory_levels/disconnect": LevelFact,
    "inventory_levels/update": LevelFact,
}


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    if not EXAMPLES.is_file():
        pytest.skip("../shared is absent: Shopify's published examples are not here")
    topics = json.loads(gzip.decompress(EXAMPLES.read_bytes()))["topics"]
    return {topic: entry["example"] for topic, entry in topics.items()}


def body(example: object) -> bytes:
    return json.dumps(example).encode()


@pytest.mark.parametrize("topic", sorted(TOPICS - UNPUBLISHED))
def test_the_published_example_is_read(topic: str, published: dict[str, Any]) -> None:
    tellings = read(
        topic, body(published[topic]), DOLLARS, pseudonymise, triggered_us=None, received_us=1
    )
    expected = TOLD.get(topic)
    assert [type(telling) for telling in tellings] == ([expected] if expected else [])


def test_the_published_order_sums_up_to_what_shopify_says(published: dict[str, Any]) -> None:
    example = published["orders/create"]
    (fact,) = read(
        "orders/create", body(example), DOLLARS, pseudonymise, triggered_us=None, received_us=1
    )
    assert isinstance(fact, OrderFact)
    goods = sum(line.gross_minor for line in fact.lines)
    # The example's 20.00 of discounts are not allocated to its lines.
    assert goods == round(float(example["total_line_items_price"]) * 100)
    assert (fact.test, fact.confirmed, fact.voided) == (True, False, True)


def test_the_published_order_is_refused_in_another_currency(published: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="its currency is USD, the store's is GBP"):
        read(
            "orders/create",
            body(published["orders/create"]),
            STORE,
            pseudonymise,
            triggered_us=None,
            received_us=1,
        )


def test_every_published_example_about_a_person_has_a_subject(published: dict[str, Any]) -> None:
    for topic, example in published.items():
        subject = subject_of(topic, body(example), pseudonymise)
        if topic in ABOUT_PEOPLE:
            assert subject is None, "a request must outlive the key of the person it names"
        elif topic.startswith(("orders/", "refunds/", "customers/", "customer.")):
            assert subject is not None, topic
        if topic.startswith(("products/", "inventory", "shop/", "app/")):
            assert subject is None, topic


def test_schemas_say_no_kind_of_value_that_is_not_read(published: dict[str, Any]) -> None:
    """Every field that may be null by its schema may be null for the reader, too."""
    schemas = json.loads(gzip.decompress(EXAMPLES.read_bytes()))["topics"]
    for topic in sorted(TOLD):
        properties = schemas[topic]["schema"].get("properties", {})
        for name, schema in properties.items():
            if "null" not in schema.get("type", ()):
                continue
            nulled = published[topic] | {name: None}
            assert read(
                topic, body(nulled), DOLLARS, pseudonymise, triggered_us=None, received_us=1
            )
