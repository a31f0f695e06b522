"""Products as the shop tells them over time, and what orders say of them."""

from itertools import pairwise
from typing import Any

from shopwright.core.money import to_minor
from shopwright.simulator.profile import StoreProfile
from shopwright.simulator.webhook import SimulatedWebhook

Told = list[tuple[SimulatedWebhook, dict[str, Any]]]


def test_products_change_price_run_out_and_come_back(profile: StoreProfile, told: Told) -> None:
    prices: dict[int, set[str]] = {}
    stocks: dict[int, list[int]] = {}
    categories = set()
    for webhook, body in told:
        if not webhook.topic.startswith("products/"):
            continue
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


def test_a_line_costs_what_its_variant_cost_at_that_moment(told: Told) -> None:
    now: dict[int, str] = {}
    matching = lines = 0
    for webhook, body in told:
        if webhook.topic.startswith("products/"):
            now |= {variant["id"]: variant["price"] for variant in body["variants"]}
        elif webhook.topic == "orders/create" and body["processed_at"] == body["created_at"]:
            for line in body["line_items"]:
                if line["variant_id"] is not None:
                    lines += 1
                    matching += now[line["variant_id"]] == line["price"]
    assert matching == lines > 500


def test_titles_and_skus_are_unique_and_there_is_one_gift_card(told: Told) -> None:
    made = [body for webhook, body in told if webhook.topic == "products/create"]
    titles = [body["title"] for body in made]
    skus = [variant["sku"] for body in made for variant in body["variants"]]
    assert len(set(titles)) == len(titles)
    assert len(set(skus)) == len(skus)
    assert sum(body["product_type"] == "Gift card" for body in made) == 1
