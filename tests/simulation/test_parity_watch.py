"""The watch over online = offline: silent while it holds, loud when one bit differs."""

import logging
from pathlib import Path

import pytest
from lived_home import LivedHome
from msgspec.structs import replace

from shopwright.app.bootstrap import open_offline
from shopwright.app.metrics import Metrics
from shopwright.app.owner import Owner, own
from shopwright.app.parity_watch import ITEMS_AT_ONCE, ParityWatch
from shopwright.core.clock import US_PER_SECOND, SimulatedClock
from shopwright.features.definitions import CUSTOMER, VIEWS
from shopwright.features.items import ITEM_VIEWS
from shopwright.features.record import evaluate, pack
from shopwright.pipelines.parity import ParityCheck

FIRST = bytes(16)
LAST = bytes([255]) * 16


class Watched:
    """A watch over an owner, at a clock that only the test moves."""

    def __init__(self, owner: Owner, lived: LivedHome, first: bytes = FIRST) -> None:
        newest_us = max(arrival.received_us for arrival in lived.arrivals)
        self.clock = SimulatedClock(newest_us + US_PER_SECOND)
        self.metrics = Metrics()
        check = ParityCheck(
            feed=owner.feed, online=owner.online, offline=open_offline(owner.settings)
        )
        self.watch = ParityWatch(owner, check, self.metrics, self.clock, lambda _: first)

    def counted(self) -> tuple[float, float]:
        names = ("shopwright_parity_checked_total", "shopwright_parity_mismatch_total")
        checked, different = (self.metrics.counter(name)._value.get() for name in names)
        return checked, different


@pytest.fixture
def lived(tmp_path: Path) -> LivedHome:
    home = LivedHome(tmp_path / "home")
    home.receive(home.arrivals)
    home.work()
    return home


@pytest.mark.parametrize("first", [FIRST, LAST])
def test_every_view_of_a_store_is_compared_and_agrees(lived: LivedHome, first: bytes) -> None:
    with own(lived.settings) as owner:
        watched = Watched(owner, lived, first)
        customers = len(owner.online.page(lived.store.store_id, CUSTOMER.name, None, 50))
        assert customers > 5
        assert watched.watch.step() is False
        values = customers * sum(len(view.names) for view in VIEWS)
        for view in ITEM_VIEWS:
            things = len(owner.online.page(lived.store.store_id, view.name, None, ITEMS_AT_ONCE))
            assert things > 0
            values += things * len(view.names)
        assert watched.counted() == (values, 0)
        watched.watch.step()
        assert watched.counted() == (values, 0), "it looked again at once"
        watched.clock.sleep(10 * 60)
        watched.watch.step()
        assert watched.counted() == (2 * values, 0)


def test_one_wrong_record_is_counted_and_told_without_naming_anybody(
    lived: LivedHome, caplog: pytest.LogCaptureFixture
) -> None:
    with own(lived.settings) as owner:
        store_id = lived.store.store_id
        watched = Watched(owner, lived)
        now_us = watched.clock.now_us()
        record = next(
            one
            for one in owner.online.page(store_id, CUSTOMER.name, None, 50)
            if evaluate(CUSTOMER, one.state, now_us, 100)["orders_total"]
        )
        wrong = replace(record, state=pack([], record.received_us - 10**12, CUSTOMER))
        owner.online.put([wrong], through=0)
        with caplog.at_level(logging.ERROR):
            watched.watch.step()
        assert watched.counted()[1] >= 3
        assert store_id in caplog.text
        assert "orders_total" in caplog.text
        assert record.entity.hex() not in caplog.text


def test_nothing_is_compared_while_a_copy_lags_and_soon_after(lived: LivedHome) -> None:
    with own(lived.settings) as owner:
        (record,) = owner.online.page(lived.store.store_id, CUSTOMER.name, None, 1)
        owner.online.put([record], through=owner.feed.revision() + 1)
        watched = Watched(owner, lived)
        watched.watch.step()
        assert watched.counted() == (0, 0)


def test_a_look_that_fails_stops_nothing(
    lived: LivedHome, caplog: pytest.LogCaptureFixture
) -> None:
    with own(lived.settings) as owner:
        (record,) = owner.online.page(lived.store.store_id, CUSTOMER.name, None, 1)
        damaged = replace(record, state=record.state[:-1] + bytes([record.state[-1] ^ 1]))
        owner.online.put([damaged], through=0)
        watched = Watched(owner, lived)
        assert watched.watch.step() is False
        assert watched.counted()[1] == 0
    assert "checksum" in caplog.text


def test_it_can_be_turned_off(lived: LivedHome) -> None:
    settings = replace(lived.settings, parity_minutes=0)
    with own(settings) as owner:
        watched = Watched(owner, lived)
        watched.watch.step()
        assert watched.counted() == (0, 0)
