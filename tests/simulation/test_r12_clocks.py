"""Wrong clocks, clock changes and odd days: features stay those of the written definition.

The shop's own dates decide what a feature is; our clock only says when "now" is. So the same road
is travelled under a good and under a broken clock, and afterwards both installations must answer
the same, and the same as the definition read out loud (tests/support/feature_oracle.py).
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from counts import cases
from feature_oracle import of_versions
from msgspec import structs
from repeatable import repeatable, seeds
from rough_road import in_order, rough
from simulated_system import SimulatedSystem
from system_state import accounts, check_log, check_parity, online_values, state
from test_r07_sequences import END_US, SHOPS, shop_of, some_of

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, from_datetime
from shopwright.core.money import minor_per_major
from shopwright.simulator.webhook import SimulatedWebhook

HOUR_US = 3_600 * US_PER_SECOND
ASKED_US = END_US + 3 * US_PER_DAY

CLOCKS = {
    "two hours behind": lambda us, _n: us - 2 * HOUR_US,
    "two hours ahead": lambda us, _n: us + 2 * HOUR_US,
    "a year ahead": lambda us, _n: us + 365 * US_PER_DAY,
    "frozen": lambda _us, _n: END_US - 30 * US_PER_DAY,
    "stepping back and forth": lambda us, n: us + (-2 * HOUR_US if n % 3 else 2 * HOUR_US),
    "a year ahead for a while": lambda us, n: us + (365 * US_PER_DAY if 3 < n < 9 else 0),
}


@pytest.mark.parametrize("clock", sorted(CLOCKS))
def test_r12_a_broken_clock_changes_no_feature(clock: str) -> None:
    for seed in seeds(6, 50):
        with repeatable(seed):
            _broken_clock(clock, seed)


def _broken_clock(clock: str, seed: int) -> None:
    rng = np.random.default_rng([seed, 12])
    shop, webhooks = shop_of(seed % SHOPS)
    sent = some_of(webhooks, rng)
    good = SimulatedSystem(shop, seed)
    good.feed(in_order(sent), batch=100)
    good.settle()
    broken = SimulatedSystem(shop, seed)
    arrivals = rough(sent, rng)
    for number, start in enumerate(range(0, len(arrivals), 7)):
        piece = arrivals[start : start + 7]
        now_us = CLOCKS[clock](piece[-1].received_us, number)
        broken.clock.set(now_us)
        broken.receive([structs.replace(one, received_us=now_us) for one in piece])
        broken.settle(steps=1, batch=20)
    broken.settle()
    check_log(broken)
    # Whenever the clock is right again, everything is.
    assert state(shop, broken, ASKED_US) == state(shop, good, ASKED_US)
    for who in accounts(shop, broken):
        values = online_values(broken, who, ASKED_US)
        for name in ("recency_days", "tenure_days", "interpurchase_days"):
            assert values is None or values[name] is None or values[name] >= 0
    check_parity(broken, accounts(shop, broken), ASKED_US)


ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Pacific/Chatham",
)
"""Half-hour changes, changes at midnight, and both hemispheres."""


def odd_instants() -> list[tuple[str, int]]:
    """Return clock changes of six zones, leap days and ends of months, with their names."""
    found: list[tuple[str, int]] = []
    for zone in ZONES:
        found += [(f"{zone} {kind}", us) for kind, us in _changes(ZoneInfo(zone), 2026)]
    for text in (
        "2024-02-28T23:59:59", "2024-02-29T00:00:00", "2024-02-29T23:59:59", "2024-03-01T00:00:00",
        "2025-02-28T23:59:59", "2025-03-01T00:00:00", "2026-01-31T23:59:59", "2026-02-28T23:59:59",
        "2026-04-30T23:59:59", "2026-12-31T23:59:59", "2027-01-01T00:00:00", "2000-02-29T12:00:00",
    ):  # fmt: skip
        found.append((text, from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))))
    return found


def _changes(zone: ZoneInfo, year: int) -> list[tuple[str, int]]:
    """Return the instants at which a zone's clocks change in a year."""
    found = []
    hour = datetime(year, 1, 1, tzinfo=UTC)
    while hour.year == year:
        after = hour + timedelta(minutes=30)
        before_offset, offset = (
            hour.astimezone(zone).utcoffset(),
            after.astimezone(zone).utcoffset(),
        )
        if before_offset != offset:
            assert before_offset is not None
            assert offset is not None
            kind = "forward" if offset > before_offset else "back"
            found.append((kind, from_datetime(after)))
        hour = after
    return found


ODD = odd_instants()


def test_r12_the_odd_instants_are_what_they_are_called() -> None:
    assert len([name for name, _ in ODD if "forward" in name]) == len(ZONES)
    assert len([name for name, _ in ODD if "back" in name]) == len(ZONES)


@pytest.mark.parametrize("name", [name for name, _ in ODD])
def test_r12_windows_around_an_odd_instant_equal_the_reference(name: str) -> None:
    """Orders on both sides of a window's edges: exact 24-hour days, whatever the wall clock did."""
    odd_us = dict(ODD)[name]
    for seed in seeds(1, 14):
        with repeatable(seed):
            _odd_instant(odd_us, seed)


def _odd_instant(odd_us: int, seed: int) -> None:
    rng = np.random.default_rng([seed, odd_us % 1_000_003])
    shop, _ = shop_of(seed % SHOPS)
    system = SimulatedSystem(shop, seed)
    zone = ZoneInfo(system.store.timezone)
    edges = [odd_us - days * US_PER_DAY for days in (0, 7, 30, 90)]
    placed = [edge + int(tick) for edge in edges for tick in (-1, 0, 1, HOUR_US, -HOUR_US)]
    rng.shuffle(placed)
    system.feed(in_order([_order(n, us, system, zone) for n, us in enumerate(placed)]), batch=3)
    system.settle()
    (who,) = [system.pseudonym("77")]
    units = minor_per_major(system.store.currency)
    versions = system.ledger.orders_of(system.store.store_id, [who])[who]
    for as_of_us in (odd_us + 2 * HOUR_US, odd_us + 7 * US_PER_DAY, odd_us + 30 * US_PER_DAY):
        system.clock.set(as_of_us)
        found = online_values(system, who, as_of_us)
        assert found is not None
        known = of_versions(versions, system.store.store_id, who, as_of_us, units)
        assert found == {name: known[name] for name in found}
        assert found
        assert found["recency_days"] is None or found["recency_days"] >= 0
    check_parity(system, [who], odd_us + 2 * HOUR_US)


def _order(number: int, at_us: int, system: SimulatedSystem, zone: ZoneInfo) -> SimulatedWebhook:
    """Return an order of customer 77, dated as Shopify does: wall clock and offset of the store."""
    at_us = at_us - at_us % US_PER_SECOND
    when = datetime.fromtimestamp(at_us // US_PER_SECOND, zone).isoformat()
    body = {
        "id": 9_000 + number,
        "admin_graphql_api_id": f"gid://shopify/Order/{9_000 + number}",
        "customer": {"id": 77},
        "created_at": when,
        "processed_at": when,
        "updated_at": when,
        "currency": system.store.currency,
        "line_items": [{"id": number + 1, "quantity": 1, "price": "12"}],
        "refunds": [],
    }
    return SimulatedWebhook(
        topic="orders/create",
        body=msgspec.json.encode(body),
        triggered_us=at_us,
        webhook_id=f"odd-{number}",
        event_id=f"odd-{number}",
    )


def test_r12_enough_cases() -> None:
    asked = len(CLOCKS) * cases(6, 50) + len(ODD) * cases(1, 14)
    assert asked >= cases(60, 600)
