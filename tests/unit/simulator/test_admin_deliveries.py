"""How the simulated shop delivers: tried again for four hours, then given up and unsubscribed."""

import base64
import hashlib
import hmac
import json

import numpy as np
import pytest

from shopwright.core.clock import US_PER_SECOND
from shopwright.simulator.admin.deliveries import PAUSES_SECONDS, Deliveries
from shopwright.simulator.admin.subscriptions import Refusal, Subscription, Subscriptions
from shopwright.simulator.webhook import SimulatedWebhook

SECRET = "hush"
HERE = "https://here.example.com/webhooks"


def order(number: int = 1) -> SimulatedWebhook:
    return SimulatedWebhook(
        topic="orders/create",
        body=json.dumps({"id": number, "updated_at": "x", "email": "ann@example.com"}).encode(),
        triggered_us=5,
        webhook_id=f"w{number}",
        event_id=f"e{number}",
    )


@pytest.fixture
def subscriptions() -> Subscriptions:
    return Subscriptions()


@pytest.fixture
def deliveries(subscriptions: Subscriptions) -> Deliveries:
    return Deliveries("a.myshopify.com", SECRET, subscriptions, np.random.default_rng(1))


def make(subscriptions: Subscriptions, uri: str = HERE, **more: object) -> Subscription:
    made = subscriptions.create("ORDERS_CREATE", {"uri": uri, **more}, version="2026-10", now_us=0)
    assert isinstance(made, Subscription)
    return made


def test_one_delivery_for_each_subscription(
    subscriptions: Subscriptions, deliveries: Deliveries
) -> None:
    make(subscriptions)
    make(subscriptions, "https://there.example.com")
    assert deliveries.trigger(order(), 0) == 2
    due = deliveries.due(0, 10)
    assert len({one.headers["x-shopify-webhook-id"] for one in due}) == 2
    assert {one.headers["x-shopify-event-id"] for one in due} == {"e1"}


def test_it_is_signed_over_what_is_sent(
    subscriptions: Subscriptions, deliveries: Deliveries
) -> None:
    make(subscriptions, includeFields=["id", "updated_at"])
    deliveries.trigger(order(), 0)
    (due,) = deliveries.due(0, 10)
    assert json.loads(due.body) == {"id": 1, "updated_at": "x"}
    right = hmac.new(SECRET.encode(), due.body, hashlib.sha256).digest()
    assert due.headers["x-shopify-hmac-sha256"] == base64.b64encode(right).decode()
    assert due.headers["x-shopify-api-version"] == "2026-10"


def test_nine_failures_within_four_hours_end_the_subscription(
    subscriptions: Subscriptions, deliveries: Deliveries
) -> None:
    make(subscriptions)
    deliveries.trigger(order(), 0)
    tries, now_us = 0, 0
    while (at_us := deliveries.next_us()) is not None:
        now_us = at_us
        (due,) = deliveries.due(now_us, 10)
        tries += 1
        assert due.body == order().body
        deliveries.answered(due, None if tries % 2 else 302, now_us)
    assert tries == 1 + len(PAUSES_SECONDS) == 9
    assert now_us <= 4 * 3_600 * US_PER_SECOND
    assert list(subscriptions.all()) == []
    assert deliveries.given_up == 1


@pytest.mark.parametrize("failures", range(9))
def test_a_receiver_that_fails_so_often_gets_it_in_the_end(
    subscriptions: Subscriptions, deliveries: Deliveries, failures: int
) -> None:
    make(subscriptions)
    deliveries.trigger(order(), 0)
    for number in range(failures + 1):
        at_us = deliveries.next_us()
        assert at_us is not None
        (due,) = deliveries.due(at_us, 10)
        deliveries.answered(due, 200 if number == failures else 500, at_us)
    assert deliveries.delivered == 1
    assert deliveries.next_us() is None
    assert len(subscriptions.all()) == 1


def test_what_the_app_declares_is_never_removed_nor_listed(
    subscriptions: Subscriptions, deliveries: Deliveries
) -> None:
    subscriptions.declare("customers/redact", HERE, version="2026-10", now_us=0)
    assert list(subscriptions.all()) == []
    redact = SimulatedWebhook(
        topic="customers/redact", body=b"{}", triggered_us=0, webhook_id="r", event_id="r"
    )
    deliveries.trigger(redact, 0)
    while (at_us := deliveries.next_us()) is not None:
        (due,) = deliveries.due(at_us, 10)
        deliveries.answered(due, 500, at_us)
    assert deliveries.trigger(redact, 0) == 1


def test_an_address_is_subscribed_once_for_each_topic(subscriptions: Subscriptions) -> None:
    make(subscriptions)
    again = subscriptions.create("ORDERS_CREATE", {"uri": HERE}, version="2026-10", now_us=0)
    assert isinstance(again, Refusal)
    assert "already been taken" in again.message
    plain = subscriptions.create(
        "ORDERS_UPDATED", {"uri": "http://plain.example.com"}, version="2026-10", now_us=0
    )
    assert isinstance(plain, Refusal)
