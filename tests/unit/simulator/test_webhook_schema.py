"""Every payload against the documented keys and types."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shopwright.simulator.webhook import SimulatedWebhook

Told = list[tuple[SimulatedWebhook, dict[str, Any]]]
Orders = list[dict[str, Any]]


@pytest.fixture(scope="session")
def schemas(shared_data: Path) -> dict[str, Any]:
    """Return the published schemas by topic, mended where their examples were too few.

    They are inferred from examples: none of those had a guest or a refund, and every dispatched
    line had a product and was taxed at a whole number.
    """
    packed = (shared_data / "shopify" / "webhook_schemas_2026-07.json.gz").read_bytes()
    topics: dict[str, Any] = json.loads(gzip.decompress(packed))["topics"]
    for topic in ("orders/create", "orders/updated", "orders/paid", "orders/cancelled"):
        properties = topics[topic]["schema"]["properties"]
        for key in ("customer", "billing_address", "shipping_address"):
            properties[key] = {"anyOf": [{"type": "null"}, properties[key]]}
        properties["refunds"] = {"type": "array", "items": topics["refunds/create"]["schema"]}
        line = properties["fulfillments"]["items"]["properties"]["line_items"]["items"]
        line["properties"]["tax_lines"]["items"]["properties"]["rate"]["type"] = "number"
        for key, kind in (
            ("product_id", "integer"),
            ("variant_id", "integer"),
            ("vendor", "string"),
        ):
            line["properties"][key]["type"] = [kind, "null"]
    return topics


def test_every_payload_has_the_documented_keys_and_types(
    told: Told, schemas: dict[str, Any]
) -> None:
    validators = {topic: Draft202012Validator(entry["schema"]) for topic, entry in schemas.items()}
    checked: Counter[str] = Counter()
    for webhook, body in told:
        if checked[webhook.topic] >= 40:
            continue
        checked[webhook.topic] += 1
        faults = [
            f"{list(error.absolute_path)}: {error.message[:200]}"
            for error in validators[webhook.topic].iter_errors(body)
        ]
        assert not faults, (webhook.topic, faults)
        assert set(body) == set(schemas[webhook.topic]["schema"]["properties"])
    assert set(checked) >= {
        "products/create",
        "products/update",
        "customers/create",
        "customers/update",
        "customers/merge",
        "orders/create",
        "orders/updated",
        "orders/paid",
        "orders/cancelled",
        "orders/edited",
        "orders/delete",
        "refunds/create",
    }


def test_an_order_has_all_94_keys(orders: Orders) -> None:
    assert {len(order) for order in orders} == {94}


def test_ids_are_exact_in_every_json_reader(told: Told) -> None:
    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "id" and isinstance(inner, int):
                    assert 0 < inner < 2**53
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    for _, body in told:
        walk(body)


def test_an_order_of_two_or_three_lines_weighs_what_a_real_one_does(told: Told) -> None:
    sizes = [
        len(webhook.body)
        for webhook, body in told
        if webhook.topic == "orders/create" and len(body["line_items"]) in (2, 3)
    ]
    assert 6_000 < sum(sizes) / len(sizes) < 10_000
