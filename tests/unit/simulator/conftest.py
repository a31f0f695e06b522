"""What the suites of the simulator share: one small history of each ready store."""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pytest

from shopwright.core.clock import from_datetime
from shopwright.simulator.profile import Scale, StoreProfile
from shopwright.simulator.stores import PROFILES, open_store
from shopwright.simulator.webhook import SimulatedWebhook

Told = list[tuple[SimulatedWebhook, dict[str, Any]]]
Orders = list[dict[str, Any]]

_WHOLE_ORDERS = ("orders/create", "orders/updated", "orders/paid", "orders/cancelled")


@lru_cache
def _history(domain: str) -> Told:
    """Return a store's webhooks and their bodies; made once, whatever the order of the tests."""
    profile = next(profile for profile in PROFILES if profile.domain == domain)
    end_us = from_datetime(datetime(2026, 11, 23, 21, tzinfo=UTC))
    scale = Scale(customers=200, days=400, fulfilment_told_share=0.4)
    shop = open_store(profile, end_us, 3, scale)
    return [(webhook, json.loads(webhook.body)) for webhook in shop.webhooks()]


@pytest.fixture(params=PROFILES, ids=lambda profile: profile.name)
def profile(request: pytest.FixtureRequest) -> StoreProfile:
    """Return each ready store in turn."""
    chosen: StoreProfile = request.param
    return chosen


@pytest.fixture
def told(profile: StoreProfile) -> Told:
    """Return what the store told."""
    return _history(profile.domain)


@pytest.fixture
def orders(told: Told) -> Orders:
    """Return every telling of a whole order."""
    return _whole(told)


@pytest.fixture
def orders_of_all() -> Orders:
    """Return every telling of a whole order by any of the stores."""
    return [order for store in PROFILES for order in _whole(_history(store.domain))]


def _whole(told: Told) -> Orders:
    return [body for webhook, body in told if webhook.topic in _WHOLE_ORDERS]
