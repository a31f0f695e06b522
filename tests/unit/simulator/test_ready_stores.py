"""What the three ready stores are there for: currencies, taxes, zones and rare orders."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shopwright.core.clock import from_datetime
from shopwright.simulator.profile import StoreProfile
from shopwright.simulator.webhook import SimulatedWebhook

Told = list[tuple[SimulatedWebhook, dict[str, Any]]]
Orders = list[dict[str, Any]]


def test_instants_have_whole_seconds_and_the_offset_of_the_stores_zone(
    profile: StoreProfile, orders: Orders
) -> None:
    zone = ZoneInfo(profile.season.timezone)
    offsets = set()
    for order in orders:
        for key in ("created_at", "updated_at", "processed_at"):
            instant = datetime.fromisoformat(order[key])
            assert instant.utcoffset() == instant.astimezone(zone).utcoffset()
            assert len(order[key]) == len("2026-11-23T21:00:00+00:00")
            offsets.add(instant.utcoffset())
    # A year has two offsets, but for Japan.
    assert len(offsets) == (1 if profile.currency == "JPY" else 2)


def test_a_webhook_is_triggered_within_a_second_of_what_it_tells(told: Told) -> None:
    for webhook, body in told:
        if "updated_at" in body:
            updated_us = from_datetime(datetime.fromisoformat(body["updated_at"]))
            assert updated_us < webhook.triggered_us < updated_us + 1_000_000


def test_yen_are_written_without_decimals_and_others_with_two(
    profile: StoreProfile, orders: Orders
) -> None:
    for order in orders:
        _, _, decimals = order["total_price"].partition(".")
        assert len(decimals) == (0 if profile.currency == "JPY" else 2)


def test_tax_is_inside_or_on_top(profile: StoreProfile, orders: Orders) -> None:
    assert {order["taxes_included"] for order in orders} == {profile.currency != "USD"}
    rates = {tax["rate"] for order in orders for tax in order["tax_lines"]}
    titles = {tax["title"] for order in orders for tax in order["tax_lines"]}
    if profile.currency == "USD":
        assert {"California State Tax", "Alameda County Tax", "Utah State Tax"} <= titles
    else:
        assert rates == ({0.08, 0.1} if profile.currency == "JPY" else {0.0, 0.2})


def test_some_customers_pay_in_a_foreign_currency(profile: StoreProfile, orders: Orders) -> None:
    seen = {order["presentment_currency"] for order in orders}
    assert seen == {profile.currency, profile.foreign_currency}
    for order in orders:
        assert order["currency"] == profile.currency
        money = order["total_price_set"]
        assert money["shop_money"]["amount"] == order["total_price"]
        assert money["shop_money"]["currency_code"] == profile.currency
        assert money["presentment_money"]["currency_code"] == order["presentment_currency"]


def test_the_rare_kinds_of_order_are_there(orders_of_all: Orders) -> None:
    orders = orders_of_all
    assert {order["financial_status"] for order in orders} == {
        "paid",
        "pending",
        "authorized",
        "refunded",
        "partially_refunded",
        "voided",
        "expired",
    }
    assert any(order["test"] for order in orders)
    assert any(order["customer"] is None for order in orders)
    assert any(line["gift_card"] for order in orders for line in order["line_items"])
    assert any(line["product_id"] is None for order in orders for line in order["line_items"])
    assert any(order["processed_at"] < order["created_at"] for order in orders)
    refunds = [refund for order in orders for refund in order["refunds"]]
    goodwill = [refund for refund in refunds if not refund["refund_line_items"]]
    assert any(refund["order_adjustments"] for refund in goodwill)
