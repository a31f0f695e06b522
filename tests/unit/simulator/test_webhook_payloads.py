"""Every payload against the documented keys and types, and every sum against its parts."""

import gzip
import json
from collections import Counter
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from shopwright.core.clock import from_datetime, to_datetime
from shopwright.core.money import to_minor
from shopwright.simulator.harbour_gifts import HARBOUR_GIFTS
from shopwright.simulator.kinari_tea import KINARI_TEA
from shopwright.simulator.profile import Scale, StoreProfile
from shopwright.simulator.ridgeline_outdoor import RIDGELINE_OUTDOOR
from shopwright.simulator.stores import PROFILES, open_store
from shopwright.simulator.webhook import SimulatedWebhook

END_US = from_datetime(datetime(2026, 11, 23, 21, 0, tzinfo=ZoneInfo("UTC")))
SCALE = Scale(customers=260, days=400, fulfilment_told_share=0.5)
SCHEMAS = Path(__file__).parents[4] / "shared" / "shopify" / "webhook_schemas_2026-07.json.gz"
WHOLE_ORDERS = ("orders/create", "orders/updated", "orders/paid", "orders/cancelled")
stores = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)


@lru_cache
def told_by(domain: str) -> list[tuple[SimulatedWebhook, dict[str, Any]]]:
    profile = next(profile for profile in PROFILES if profile.domain == domain)
    shop = open_store(profile, END_US, 3, SCALE)
    return [(webhook, json.loads(webhook.body)) for webhook in shop.webhooks()]


def told(profile: StoreProfile) -> list[tuple[SimulatedWebhook, dict[str, Any]]]:
    return told_by(profile.domain)


def orders(profile: StoreProfile) -> list[dict[str, Any]]:
    return [body for webhook, body in told(profile) if webhook.topic in WHOLE_ORDERS]


@lru_cache
def schemas() -> dict[str, Any]:
    if not SCHEMAS.exists():
        pytest.skip("the published webhook schemas are not beside the repository (../shared)")
    topics: dict[str, Any] = json.loads(gzip.decompress(SCHEMAS.read_bytes()))["topics"]
    for topic in WHOLE_ORDERS:
        properties = topics[topic]["schema"]["properties"]
        # The schemas are inferred from examples: none of them had a guest or a refund, and every
        # dispatched line was taxed at a whole number.
        for key in ("customer", "billing_address", "shipping_address"):
            properties[key] = {"anyOf": [{"type": "null"}, properties[key]]}
        properties["refunds"] = {"type": "array", "items": topics["refunds/create"]["schema"]}
        sent_line = properties["fulfillments"]["items"]["properties"]["line_items"]["items"]
        sent_line["properties"]["tax_lines"]["items"]["properties"]["rate"]["type"] = "number"
        for key in ("product_id", "variant_id"):
            sent_line["properties"][key]["type"] = ["integer", "null"]
        sent_line["properties"]["vendor"]["type"] = ["string", "null"]
    return topics


@stores
def test_every_payload_has_the_documented_keys_and_types(profile: StoreProfile) -> None:
    validators = {
        topic: Draft202012Validator(entry["schema"]) for topic, entry in schemas().items()
    }
    checked: Counter[str] = Counter()
    for webhook, body in told(profile):
        if checked[webhook.topic] >= 60:
            continue
        checked[webhook.topic] += 1
        faults = [
            f"{list(error.absolute_path)}: {error.message[:200]}"
            for error in validators[webhook.topic].iter_errors(body)
        ]
        assert not faults, (webhook.topic, faults)
        assert set(body) == set(schemas()[webhook.topic]["schema"]["properties"])
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


@stores
def test_an_order_has_all_94_keys(profile: StoreProfile) -> None:
    assert {len(order) for order in orders(profile)} == {94}


@stores
def test_an_order_adds_up(profile: StoreProfile) -> None:
    def minor(amount: str) -> int:
        return to_minor(amount, profile.currency)

    for order in orders(profile):
        lines = order["line_items"]
        goods = sum(minor(line["price"]) * line["quantity"] for line in lines)
        off = sum(minor(cut["amount"]) for line in lines for cut in line["discount_allocations"])
        line_tax = sum(minor(tax["price"]) for line in lines for tax in line["tax_lines"])
        shipping = sum(minor(line["price"]) for line in order["shipping_lines"])
        ship_tax = sum(
            minor(tax["price"]) for line in order["shipping_lines"] for tax in line["tax_lines"]
        )
        assert minor(order["total_line_items_price"]) == goods
        assert minor(order["total_discounts"]) == off
        assert minor(order["subtotal_price"]) == goods - off
        assert minor(order["total_tax"]) == line_tax + ship_tax
        assert minor(order["total_tax"]) == sum(minor(t["price"]) for t in order["tax_lines"])
        on_top = 0 if profile.taxes_included else line_tax + ship_tax
        tip = minor(order["total_tip_received"])
        assert minor(order["total_price"]) == goods - off + shipping + on_top + tip


@stores
def test_discounts_name_their_application_and_a_code_never_counts_as_a_lines_own(
    profile: StoreProfile,
) -> None:
    kinds = set()
    for order in orders(profile):
        applications = order["discount_applications"]
        for line in order["line_items"]:
            own = 0
            for cut in line["discount_allocations"]:
                application = applications[cut["discount_application_index"]]
                kinds.add(application["type"])
                if application["allocation_method"] == "each":
                    own += to_minor(cut["amount"], profile.currency)
            assert to_minor(line["total_discount"], profile.currency) == own
    assert kinds == {"discount_code", "automatic", "manual"}


@stores
def test_units_left_are_what_edits_and_refunds_left(profile: StoreProfile) -> None:
    edited = refunded = 0
    for order in orders(profile):
        back: Counter[int] = Counter()
        for refund in order["refunds"]:
            for line in refund["refund_line_items"]:
                back[line["line_item_id"]] += line["quantity"]
        for line in order["line_items"]:
            assert 0 <= line["current_quantity"] <= line["quantity"] - back[line["id"]]
            edited += line["quantity"] - back[line["id"]] - line["current_quantity"]
            refunded += back[line["id"]]
    assert edited > 0
    assert refunded > 0


@stores
def test_a_refund_is_worth_what_was_paid_for_its_units(profile: StoreProfile) -> None:
    whole = 0
    for order in orders(profile):
        paid = {
            line["id"]: to_minor(line["price"], profile.currency) * line["quantity"]
            - sum(to_minor(cut["amount"], profile.currency) for cut in line["discount_allocations"])
            for line in order["line_items"]
        }
        units = {line["id"]: line["quantity"] for line in order["line_items"]}
        for refund in order["refunds"]:
            for line in refund["refund_line_items"]:
                subtotal = to_minor(line["subtotal_set"]["shop_money"]["amount"], profile.currency)
                share = paid[line["line_item_id"]] * line["quantity"] / units[line["line_item_id"]]
                assert abs(subtotal - share) < 1
                whole += line["quantity"] == units[line["line_item_id"]]
    assert whole > 0


@stores
def test_a_refund_tells_the_same_alone_and_inside_its_order(profile: StoreProfile) -> None:
    alone = {
        body["id"]: body for webhook, body in told(profile) if webhook.topic == "refunds/create"
    }
    inside = 0
    for order in orders(profile):
        for refund in order["refunds"]:
            if refund["id"] in alone:
                assert refund == alone[refund["id"]]
                inside += 1
    assert inside > 0


@stores
def test_ids_are_exact_in_every_json_reader(profile: StoreProfile) -> None:
    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "id" and isinstance(inner, int):
                    assert 0 < inner < 2**53
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    for _, body in told(profile):
        walk(body)


@stores
def test_instants_have_whole_seconds_and_the_offset_of_the_stores_zone(
    profile: StoreProfile,
) -> None:
    zone = ZoneInfo(profile.season.timezone)
    offsets = set()
    for webhook, body in told(profile):
        if webhook.topic not in WHOLE_ORDERS:
            continue
        for key in ("created_at", "updated_at", "processed_at"):
            instant = datetime.fromisoformat(body[key])
            assert instant.utcoffset() == instant.astimezone(zone).utcoffset()
            assert len(body[key]) == len("2026-11-23T21:00:00+00:00")
            offsets.add(instant.utcoffset())
        updated_us = from_datetime(datetime.fromisoformat(body["updated_at"]))
        assert updated_us < webhook.triggered_us < updated_us + 1_000_000
        assert body["created_at"][:10] >= to_datetime(END_US - 401 * 86_400_000_000).strftime(
            "%Y-%m-%d"
        )
    assert len(offsets) == (1 if profile is KINARI_TEA else 2)


def test_yen_are_written_without_decimals_and_others_with_two() -> None:
    assert all(order["total_price"].isdigit() for order in orders(KINARI_TEA))
    for profile in (HARBOUR_GIFTS, RIDGELINE_OUTDOOR):
        assert all(order["total_price"][-3] == "." for order in orders(profile))


def test_tax_is_inside_or_on_top() -> None:
    assert all(order["taxes_included"] for order in orders(HARBOUR_GIFTS))
    assert not any(order["taxes_included"] for order in orders(RIDGELINE_OUTDOOR))
    rates = {tax["rate"] for order in orders(KINARI_TEA) for tax in order["tax_lines"]}
    assert rates == {0.08, 0.1}
    zero_rated = {tax["rate"] for order in orders(HARBOUR_GIFTS) for tax in order["tax_lines"]}
    assert zero_rated == {0.0, 0.2}
    states = {tax["title"] for order in orders(RIDGELINE_OUTDOOR) for tax in order["tax_lines"]}
    assert {"California State Tax", "Alameda County Tax", "Utah State Tax"} <= states


@stores
def test_some_customers_pay_in_a_foreign_currency(profile: StoreProfile) -> None:
    seen = Counter(order["presentment_currency"] for order in orders(profile))
    assert set(seen) == {profile.currency, profile.foreign_currency}
    for order in orders(profile):
        assert order["currency"] == profile.currency
        money = order["total_price_set"]
        assert money["shop_money"]["amount"] == order["total_price"]
        assert money["shop_money"]["currency_code"] == profile.currency
        assert money["presentment_money"]["currency_code"] == order["presentment_currency"]


@stores
def test_the_rare_kinds_of_order_are_there(profile: StoreProfile) -> None:
    whole = orders(profile)
    statuses = {order["financial_status"] for order in whole}
    assert statuses >= {"paid", "pending", "authorized", "refunded", "partially_refunded"}
    assert statuses & {"voided", "expired"}
    assert any(order["test"] for order in whole)
    assert any(order["customer"] is None for order in whole)
    assert any(line["gift_card"] for order in whole for line in order["line_items"])
    assert any(line["product_id"] is None for order in whole for line in order["line_items"])
    assert any(order["processed_at"] < order["created_at"] for order in whole)
    goodwill = [r for o in whole for r in o["refunds"] if not r["refund_line_items"]]
    assert any(refund["order_adjustments"] for refund in goodwill)


@stores
def test_an_order_of_two_or_three_lines_weighs_what_a_real_one_does(
    profile: StoreProfile,
) -> None:
    sizes = [
        len(webhook.body)
        for webhook, body in told(profile)
        if webhook.topic == "orders/create" and len(body["line_items"]) in (2, 3)
    ]
    assert 6_000 < sum(sizes) / len(sizes) < 10_000


@stores
def test_products_change_price_run_out_and_come_back(profile: StoreProfile) -> None:
    prices: dict[int, set[str]] = {}
    stocks: dict[int, list[int]] = {}
    categories = set()
    for webhook, body in told(profile):
        if webhook.topic.startswith("products/"):
            if body["category"] is not None:
                categories.add(body["category"]["full_name"])
            for variant in body["variants"]:
                prices.setdefault(variant["id"], set()).add(variant["price"])
                stocks.setdefault(variant["id"], []).append(variant["inventory_quantity"])
                before = variant["compare_at_price"]
                if before is not None:
                    now = to_minor(variant["price"], profile.currency)
                    assert now < to_minor(before, profile.currency)
    assert categories == {category.full_name for category in profile.categories}
    assert sum(len(found) > 1 for found in prices.values()) > len(prices) / 2
    assert all(stock >= 0 for found in stocks.values() for stock in found)
    moves = [later - earlier for found in stocks.values() for earlier, later in pairwise(found)]
    assert min(moves) < 0 < max(moves)


@stores
def test_a_line_costs_what_its_variant_cost_at_that_moment(profile: StoreProfile) -> None:
    now: dict[int, str] = {}
    matching = lines = 0
    for webhook, body in told(profile):
        if webhook.topic.startswith("products/"):
            now |= {variant["id"]: variant["price"] for variant in body["variants"]}
        elif webhook.topic == "orders/create" and body["processed_at"] == body["created_at"]:
            for line in body["line_items"]:
                if line["variant_id"] is not None:
                    lines += 1
                    matching += now[line["variant_id"]] == line["price"]
    assert matching == lines > 500
