import json
from collections import Counter
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, from_datetime
from shopwright.core.errors import BadInput
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store, open_stores
from shopwright.simulator.webhook import API_VERSION

END_US = from_datetime(datetime(2026, 11, 23, 21, tzinfo=UTC))
SMALL = Scale(customers=120, days=300, fulfilment_told_share=0.5)


@lru_cache
def shop() -> Shop:
    return open_store(PROFILES[0], END_US, 5, SMALL)


@lru_cache
def big() -> Shop:
    scale = Scale(customers=500, days=400, fulfilment_told_share=1.0)
    return open_store(PROFILES[0], END_US, 1, scale)


def fresh() -> Shop:
    return open_store(PROFILES[1], END_US, 5, SMALL)


def test_the_same_seed_gives_the_same_webhooks_and_another_seed_others() -> None:
    first = list(fresh().webhooks())
    assert first == list(fresh().webhooks())
    other = open_store(PROFILES[1], END_US, 6, SMALL)
    assert [w.body for w in first] != [w.body for w in other.webhooks()]


def test_the_history_lies_between_its_bounds_in_the_order_of_time() -> None:
    times = [webhook.triggered_us for webhook in shop().webhooks()]
    assert times == sorted(times)
    assert END_US - 300 * US_PER_DAY <= times[0] < END_US - 299 * US_PER_DAY
    assert END_US - 3 * US_PER_DAY < times[-1] < END_US


def test_a_window_of_the_history_is_a_part_of_it() -> None:
    low_us, high_us = END_US - 60 * US_PER_DAY, END_US - 20 * US_PER_DAY
    inside = [w for w in shop().webhooks() if low_us <= w.triggered_us < high_us]
    assert list(shop().webhooks(low_us, high_us)) == inside
    assert inside


def test_ids_of_deliveries_are_unique_and_one_action_has_one_event() -> None:
    webhooks = list(shop().webhooks())
    assert len({webhook.webhook_id for webhook in webhooks}) == len(webhooks)
    assert {webhook.api_version for webhook in webhooks} == {API_VERSION}
    topics: dict[str, list[str]] = {}
    for webhook in webhooks:
        topics.setdefault(webhook.event_id, []).append(webhook.topic)
    assert any({"refunds/create", "orders/updated"} <= set(found) for found in topics.values())
    assert all(len(set(found)) == len(found) for found in topics.values())


def test_an_order_begins_with_its_creation_and_ends_with_its_deletion() -> None:
    seen: dict[int, list[str]] = {}
    for webhook in shop().webhooks():
        body = json.loads(webhook.body)
        if webhook.topic.startswith("orders/") and webhook.topic != "orders/edited":
            seen.setdefault(body["id"], []).append(webhook.topic)
    assert {topics[0] for topics in seen.values()} == {"orders/create"}
    deleted = [topics for topics in seen.values() if "orders/delete" in topics]
    assert deleted
    assert all(topics.index("orders/delete") == len(topics) - 1 for topics in deleted)
    assert all(topics.count("orders/create") == 1 for topics in seen.values())


def test_a_merged_customer_is_told_as_the_one_who_was_kept() -> None:
    kept: dict[int, int] = {}
    after = 0
    for webhook in big().webhooks():
        body = json.loads(webhook.body)
        if webhook.topic == "customers/merge":
            assert body["status"] == "completed"
            gone = int(body["admin_graphql_api_customer_deleted_id"].rpartition("/")[2])
            kept[gone] = int(body["admin_graphql_api_customer_kept_id"].rpartition("/")[2])
        elif webhook.topic.startswith("orders/") and body.get("customer"):
            assert body["customer"]["id"] not in kept
            after += body["customer"]["id"] in kept.values()
    assert len(kept) > 3
    assert after > 0


def test_only_a_customer_who_never_ordered_is_deleted() -> None:
    ordered: set[int] = set()
    deleted: set[int] = set()
    for webhook in big().webhooks():
        body = json.loads(webhook.body)
        if webhook.topic == "customers/delete":
            deleted.add(body["id"])
        elif webhook.topic.startswith("orders/") and body.get("customer"):
            ordered.add(body["customer"]["id"])
    assert deleted
    assert not deleted & ordered


def test_an_unconfirmed_order_is_confirmed_by_a_later_telling() -> None:
    confirmed: dict[int, list[bool]] = {}
    for webhook in big().webhooks():
        body = json.loads(webhook.body)
        if "confirmed" in body:
            confirmed.setdefault(body["id"], []).append(body["confirmed"])
    late = [told for told in confirmed.values() if not told[0]]
    assert late
    assert all(told[-1] for told in late)
    assert all(told == sorted(told) for told in confirmed.values())


def test_an_order_placed_now_is_created_and_then_updated() -> None:
    store = fresh()
    customer = store.customers()[0]
    at_us = END_US + 90 * US_PER_SECOND + 123_456
    created, updated, *stock = store.place_order(customer, at_us, np.random.default_rng(1))
    assert {webhook.topic for webhook in stock} == {"inventory_levels/update"}
    assert (created.topic, updated.topic) == ("orders/create", "orders/updated")
    assert at_us - US_PER_SECOND < created.triggered_us < updated.triggered_us
    first, second = json.loads(created.body), json.loads(updated.body)
    assert first["id"] == second["id"]
    assert str(first["customer"]["id"]) == customer
    assert first["financial_status"] == "paid"
    assert (first["tags"], second["tags"]) == ("", "checked")
    assert first["updated_at"] < second["updated_at"]


def test_placing_the_same_order_in_two_equal_shops_gives_the_same_webhooks() -> None:
    one, two = fresh(), fresh()
    customer = one.customers()[3]
    assert one.place_order(customer, END_US, np.random.default_rng(9)) == two.place_order(
        customer, END_US, np.random.default_rng(9)
    )


def test_an_order_placed_now_leaves_the_history_alone() -> None:
    store = fresh()
    before = list(store.webhooks())
    for name in store.customers()[:5]:
        store.place_order(name, END_US + US_PER_SECOND, np.random.default_rng(2))
    assert list(store.webhooks()) == before


def test_a_guest_can_order_and_a_stranger_cannot() -> None:
    store = fresh()
    created, *_ = store.place_order(None, END_US, np.random.default_rng(1))
    assert json.loads(created.body)["customer"] is None
    with pytest.raises(BadInput, match="nobody has the customer id 42"):
        store.place_order("42", END_US, np.random.default_rng(1))
    with pytest.raises(BadInput, match="only be placed after it"):
        store.place_order(None, END_US - US_PER_DAY, np.random.default_rng(1))


def test_live_traffic_comes_in_order_and_at_the_rate_asked_for() -> None:
    webhooks = list(fresh().live(END_US, 100.0, 3.0))
    assert webhooks == list(fresh().live(END_US, 100.0, 3.0))
    times = [webhook.triggered_us for webhook in webhooks]
    assert times == sorted(times)
    assert times[0] >= END_US
    assert times[-1] < END_US + 104 * US_PER_SECOND
    topics = Counter(webhook.topic for webhook in webhooks)
    assert 240 < topics["orders/create"] < 360
    assert topics["orders/updated"] >= topics["orders/create"]
    assert topics["customers/create"] > 10
    assert topics["refunds/create"] > 3
    assert len({webhook.webhook_id for webhook in webhooks}) == len(webhooks)


def test_live_traffic_never_gives_back_more_than_was_bought() -> None:
    back: Counter[int] = Counter()
    for webhook in fresh().live(END_US, 60.0, 5.0):
        if webhook.topic == "refunds/create":
            for line in json.loads(webhook.body)["refund_line_items"]:
                back[line["line_item_id"]] += line["quantity"]
                assert back[line["line_item_id"]] <= line["line_item"]["quantity"]
    assert back


def test_live_traffic_refuses_what_makes_no_sense() -> None:
    for from_us, rate in ((END_US, 0.0), (END_US - US_PER_DAY, 1.0)):
        with pytest.raises(BadInput, match="live traffic needs"):
            next(shop().live(from_us, 1.0, rate))


def test_every_person_in_the_payloads_is_among_the_personal_texts() -> None:
    texts = set(shop().personal_texts())
    named = 0
    for webhook in shop().webhooks():
        if webhook.topic == "orders/create":
            body: dict[str, Any] = json.loads(webhook.body)
            if body["customer"] is not None:
                named += 1
                assert body["email"] in texts
                assert body["customer"]["phone"] in texts
                assert str(body["customer"]["id"]) in texts
                assert body["shipping_address"]["address1"] in texts
                assert body["email"].endswith("@example.com")
    assert named > 100
    assert len(texts) == len(shop().personal_texts())


def test_customers_are_those_who_have_ordered_by_then() -> None:
    early, late = shop().customers(END_US - 200 * US_PER_DAY), shop().customers()
    assert set(early) < set(late)
    assert 90 < len(late) < 150


def test_the_three_stores_differ_in_domain_currency_and_zone_and_not_by_their_order() -> None:
    shops = open_stores(END_US, 5, SMALL)
    profiles = [store.profile for store in shops]
    assert len({profile.domain for profile in profiles}) == 3
    assert {profile.currency for profile in profiles} == {"GBP", "USD", "JPY"}
    assert len({profile.season.timezone for profile in profiles}) == 3
    assert next(shops[1].webhooks()) == next(fresh().webhooks())


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(BadInput, match="fast, normal"):
        open_store(PROFILES[0], END_US, 1, "huge")
