"""The hidden truth, judged by what the shop's own webhooks say came of it."""

import json
import math
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
import pytest

from shopwright.core.clock import US_PER_DAY, from_datetime
from shopwright.core.errors import BadInput
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import FUTURE_DAYS, Shop
from shopwright.simulator.stores import PROFILES, open_store

END_US = from_datetime(datetime(2026, 11, 23, 21, tzinfo=UTC))
SCALE = Scale(customers=500, days=400, fulfilment_told_share=0.0)
LOST = {"voided", "expired"}


@lru_cache
def shop(number: int) -> Shop:
    return open_store(PROFILES[number], END_US, 21, SCALE)


@lru_cache
def bought(number: int) -> dict[str, list[int]]:
    """Return the instants of each customer's lasting orders, read from the webhooks alone."""
    orders: dict[int, tuple[str, int] | None] = {}
    kept: dict[str, str] = {}
    for webhook in shop(number).webhooks():
        body = json.loads(webhook.body)
        if webhook.topic == "customers/merge":
            gone, stays = (
                body[f"admin_graphql_api_customer_{which}_id"].rpartition("/")[2]
                for which in ("deleted", "kept")
            )
            kept[gone] = stays
        elif webhook.topic == "orders/delete":
            orders[body["id"]] = None
        elif webhook.topic.startswith("orders/") and "line_items" in body:
            lasting = not body["test"] and body["customer"] and not body["cancelled_at"]
            orders[body["id"]] = (
                (
                    str(body["customer"]["id"]),
                    from_datetime(datetime.fromisoformat(body["processed_at"])),
                )
                if lasting and body["financial_status"] not in LOST
                else None
            )
    times: dict[str, list[int]] = {}
    for order in orders.values():
        if order is not None:
            times.setdefault(kept.get(order[0], order[0]), []).append(order[1])
    return times


def outcomes(number: int, as_of_us: int, days: int) -> tuple[list[float], list[bool]]:
    store = shop(number)
    names = store.customers(as_of_us)
    until_us = as_of_us + days * US_PER_DAY
    came = [any(as_of_us <= us < until_us for us in bought(number).get(name, [])) for name in names]
    return [store.true_probability(name, as_of_us, days) for name in names], came


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("days", [7, 30])
def test_as_many_order_as_the_truth_says(number: int, days: int) -> None:
    expected = variance = 0.0
    came = 0
    # Windows that do not overlap; the last one leaves time for late cancellations to be known.
    for back in range(days + 15, 300, 45):
        chances, outcome = outcomes(number, END_US - back * US_PER_DAY, days)
        expected += sum(chances)
        variance += sum(chance * (1 - chance) for chance in chances)
        came += sum(outcome)
    assert came > 100
    assert abs(came - expected) < 4 * math.sqrt(variance)


@pytest.mark.parametrize("number", range(3))
def test_the_truth_is_calibrated_at_every_height(number: int) -> None:
    chances, came = [], []
    for back in range(45, 300, 45):
        some, outcome = outcomes(number, END_US - back * US_PER_DAY, 30)
        chances += some
        came += outcome
    truth, seen = np.array(chances), np.array(came)
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        inside = (truth >= low) & (truth < high)
        error = math.sqrt(float((truth[inside] * (1 - truth[inside])).sum()))
        assert inside.sum() > 20
        assert abs(seen[inside].sum() - truth[inside].sum()) < 4 * error + 3


@pytest.mark.parametrize("number", range(3))
def test_the_truth_ranks_customers_far_better_than_counting_their_orders(number: int) -> None:
    as_of_us = END_US - 45 * US_PER_DAY
    chances, came = outcomes(number, as_of_us, 30)
    counts = [
        float(sum(us < as_of_us for us in bought(number).get(name, [])))
        for name in shop(number).customers(as_of_us)
    ]
    assert average_precision(chances, came) > 0.65
    assert average_precision(chances, came) > average_precision(counts, came) + 0.2


def average_precision(scores: list[float], came: list[bool]) -> float:
    order = np.argsort(-np.array(scores), kind="stable")
    hits = np.array(came)[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def test_an_order_placed_now_changes_what_is_to_be_expected() -> None:
    store = open_store(PROFILES[2], END_US, 4, SCALE)
    chances = {name: store.true_probability(name, END_US, 30) for name in store.customers()}
    due = max(chances, key=chances.__getitem__)
    store.place_order(due, END_US, np.random.default_rng(1))
    later_us = END_US + US_PER_DAY
    assert store.true_probability(due, END_US, 30) == chances[due]
    assert store.true_probability(due, later_us, 30) < chances[due]


def test_an_order_at_the_instant_asked_for_is_still_the_future() -> None:
    store = shop(2)
    name, first_us = next(
        (name, times[0])
        for name, times in bought(2).items()
        if store.true_probability(name, times[0], 30) > 0.0
    )
    at = store.true_probability(name, first_us, 30)
    just_after = store.true_probability(name, first_us + 1, 30)
    assert at != just_after


def test_nobody_is_asked_about_who_is_not_there_or_beyond_the_calendar() -> None:
    name = shop(0).customers()[0]
    with pytest.raises(BadInput, match="nobody has the customer id 17"):
        shop(0).true_probability("17", END_US, 30)
    with pytest.raises(BadInput, match="nobody has the customer id"):
        shop(0).true_probability(shop(0).customers()[-1], END_US - 399 * US_PER_DAY, 30)
    present = [n for n in shop(0).customers() if shop(0).true_probability(n, END_US, 30) > 0]
    with pytest.raises(BadInput, match="outside the simulated calendar"):
        shop(0).true_probability(present[0], END_US, FUTURE_DAYS + 1)
    assert shop(0).true_probability(name, END_US, 30) <= 1.0
