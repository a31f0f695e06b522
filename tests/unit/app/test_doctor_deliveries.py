"""The doctor tells a wrong secret from silence, and a wrong clock from late webhooks."""

import asyncio
from pathlib import Path

import pytest
from lived_home import END_US, LivedHome
from made_web import SHOP, STORE, Backroom, delivery_headers, order_body, running
from msgspec.structs import replace

from shopwright.app.doctor import deliveries
from shopwright.app.doctor.finding import Finding
from shopwright.app.intake_trace import (
    EVERY_US,
    LAGS_KEPT,
    STORES_MAX,
    IntakeTrace,
    read_traces,
    trace_path,
)
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_SECOND, SimulatedClock
from shopwright.core.types.identity import StoreId

NOW_US = END_US


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def trace(settings: Settings, index: int = 0) -> IntakeTrace:
    return IntakeTrace(trace_path(settings.run_folder, index))


def signatures(settings: Settings) -> list[Finding]:
    return list(deliveries.signatures(settings, STORE))


def clocks(settings: Settings, now_us: int = NOW_US) -> list[Finding]:
    return list(deliveries.clocks(settings, SimulatedClock(now_us)))


def lagging(settings: Settings, *lags_seconds: float) -> None:
    one = trace(settings)
    for lag in lags_seconds:
        one.right(STORE.store_id, NOW_US, NOW_US - round(lag * US_PER_SECOND))
    one.write(NOW_US, at_once=True)


def test_a_store_of_which_every_signature_is_wrong_has_a_wrong_secret(settings: Settings) -> None:
    one = trace(settings)
    for number in range(40):
        one.wrong(STORE.store_id, NOW_US + number)
    one.write(NOW_US)
    (found,) = signatures(settings)
    assert found.level == "fail"
    assert "40 deliveries" in found.says
    assert "none was right" in found.says
    assert f"shopwright stores secrets add {SHOP}" in found.do


def test_a_secret_that_was_right_before_is_a_rotation_that_was_missed(settings: Settings) -> None:
    one = trace(settings)
    one.right(STORE.store_id, NOW_US, None)
    for number in range(3):
        one.wrong(STORE.store_id, NOW_US + number + 1)
    one.write(NOW_US)
    (found,) = signatures(settings)
    assert (found.level, "before that 1 were right" in found.says) == ("warn", True)


@pytest.mark.parametrize("process", [0, 1])
def test_one_right_delivery_in_any_process_ends_the_suspicion(
    settings: Settings, process: int
) -> None:
    first, second = trace(settings, 0), trace(settings, 1)
    for number in range(9):
        first.wrong(STORE.store_id, NOW_US + number)
    (first, second)[process].right(STORE.store_id, NOW_US + 100, None)
    first.write(NOW_US)
    second.write(NOW_US)
    assert signatures(settings) == []
    assert signatures(Settings(home=settings.home / "elsewhere")) == []


def test_a_stranger_or_two_are_not_worth_a_line(settings: Settings) -> None:
    one = trace(settings)
    one.wrong(STORE.store_id, NOW_US)
    one.wrong(STORE.store_id, NOW_US + 1)
    one.write(NOW_US)
    assert signatures(settings) == []


def test_the_web_process_notes_what_comes() -> None:
    one = IntakeTrace()

    async def main() -> None:
        app = Backroom().app()
        app._parts = replace(app._parts, trace=one)
        for route in app.routes:
            handler = getattr(route.handler, "__self__", None)
            if hasattr(handler, "_trace"):
                handler._trace = one
        async with running(app) as client:
            body = order_body(1, 2, NOW_US)
            await client.post("/webhooks", body, delivery_headers(body, "1", secret=b"wrong"))
            await client.post(
                "/webhooks", body, delivery_headers(body, "2", shop="no.myshopify.com")
            )
            await client.post("/webhooks", body, delivery_headers(body, "3"))
            await client.post("/webhooks", body, delivery_headers(body, "4", secret=b"wrong"))

    asyncio.run(main())
    seen = one._stores[STORE.store_id]
    assert (seen.right, seen.wrong_in_a_row) == (1, 1)
    assert set(one._stores) == {STORE.store_id, StoreId("")}


@pytest.mark.parametrize(
    ("lags", "level", "words"),
    [
        ((0.3, 0.5, 0.2, 1.0, 0.4), "ok", "agrees"),
        ((0.3, 90_000, 0.2, 500, 400), "ok", "agrees"),
        ((-3_600, -3_599, -3_600, -3_598, -3_600), "fail", "3,600 s before Shopify sent them"),
        ((7_201, 7_205, 90_000, 7_300, 7_202), "warn", "less than 7,201 s"),
    ],
)
def test_the_clock_is_compared_with_shopifys(
    settings: Settings, lags: tuple[float, ...], level: str, words: str
) -> None:
    lagging(settings, *lags)
    (found,) = clocks(settings)
    assert found.level == level
    assert words in found.says


def test_a_few_webhooks_say_nothing_of_a_clock(settings: Settings) -> None:
    lagging(settings, -9_000, -9_000)
    assert clocks(settings) == []


def test_a_clock_that_was_set_back_is_told_by_the_log(tmp_path: Path) -> None:
    lived = LivedHome(tmp_path / "home")
    lived.receive(lived.arrivals[-20:])
    newest = max(arrival.received_us for arrival in lived.arrivals)
    (found,) = clocks(lived.settings, newest - 3_700 * US_PER_SECOND)
    assert found.level == "warn"
    assert "the clock was set back" in found.says
    assert clocks(lived.settings, newest + US_PER_SECOND) == []


def test_the_trace_is_written_now_and_then_and_is_bounded(settings: Settings) -> None:
    one = trace(settings)
    for number in range(LAGS_KEPT + 5):
        one.right(STORE.store_id, NOW_US, NOW_US - number)
    one.write(NOW_US)
    assert read_traces(settings.run_folder)[STORE.store_id].lags_us == list(range(5, LAGS_KEPT + 5))
    one.wrong(STORE.store_id, NOW_US)
    one.write(NOW_US + EVERY_US - 1)
    assert read_traces(settings.run_folder)[STORE.store_id].wrong_in_a_row == 0
    one.write(NOW_US + EVERY_US)
    assert read_traces(settings.run_folder)[STORE.store_id].wrong_in_a_row == 1
    for number in range(STORES_MAX + 9):
        one.wrong(StoreId(f"s{number}.myshopify.com"), NOW_US)
    assert len(one._stores) == STORES_MAX


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"a":1}'])
def test_a_trace_that_cannot_be_read_is_none(settings: Settings, content: bytes) -> None:
    settings.run_folder.mkdir(parents=True)
    trace_path(settings.run_folder, 3).write_bytes(content)
    assert read_traces(settings.run_folder) == {}
