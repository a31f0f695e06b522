"""The healer is started when a store is due, once at a time, and what it found is counted."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from shopwright.adapters.memory_connections import MemoryConnections
from shopwright.admin.versions import days_left
from shopwright.app.heal_lane import PAUSE_SECONDS, SECONDS_MAX, HealLane
from shopwright.app.job import Job
from shopwright.app.metrics import Metrics
from shopwright.app.settings import load
from shopwright.core.clock import US_PER_SECOND, SimulatedClock
from shopwright.core.types.connection import Connection
from shopwright.core.types.identity import StoreId

STORE = StoreId("a.myshopify.com")
NOW_US = 1_795_000_000 * US_PER_SECOND
CONNECTED = Connection(
    store_id=STORE,
    mode="oauth",
    connected_us=NOW_US,
    backfill_from_us=1,
    api_version="2026-10",
)


class Lane:
    """A lane whose healer is a program of one line."""

    def __init__(self, home: Path, program: str = "pass") -> None:
        self.clock = SimulatedClock(NOW_US)
        self.connections, self.metrics = MemoryConnections(), Metrics()
        self.started: list[list[str]] = []
        self.program = program
        settings = load(Path(os.devnull), {}, {"home": str(home), "reconcile_minutes": 60})
        self.lane = HealLane(settings, self.connections, self._start, self.clock, self.metrics)

    def _start(self, arguments: Sequence[str], seconds_max: float) -> Job:
        assert seconds_max == SECONDS_MAX
        self.started.append(list(arguments))
        program = [sys.executable, "-c", self.program]
        return Job(program, dict(os.environ), nice=0, seconds_max=60)

    def until_idle(self) -> None:
        self.lane.turn()
        while self.lane.is_busy:
            self.lane.turn()

    def shown(self, name: str) -> float:
        lines = self.metrics.expose().decode().splitlines()
        (found,) = (line for line in lines if line.startswith(f"{name} "))
        return float(found.rpartition(" ")[2])


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    return Lane(tmp_path)


def test_nothing_is_started_before_a_store_is_due(lane: Lane) -> None:
    lane.connections.put(CONNECTED)
    lane.until_idle()
    assert lane.started == []
    lane.clock.sleep(3_600)
    lane.until_idle()
    assert lane.started == [["reconcile", "--due"]]


def test_a_healer_that_fails_is_not_started_at_once_again(tmp_path: Path) -> None:
    lane = Lane(tmp_path, "raise SystemExit(1)")
    lane.connections.put(replace(CONNECTED, looked_us=1))
    lane.until_idle()
    lane.clock.sleep(PAUSE_SECONDS / 2)
    lane.until_idle()
    assert len(lane.started) == 1
    lane.clock.sleep(PAUSE_SECONDS)
    lane.until_idle()
    assert len(lane.started) == 2


def test_what_was_missed_is_counted_once(lane: Lane) -> None:
    lane.connections.put(replace(CONNECTED, missed=5))
    lane.until_idle()
    lane.connections.put(replace(CONNECTED, missed=8, trouble="it is frozen"))
    lane.clock.sleep(60)
    lane.until_idle()
    lane.clock.sleep(60)
    lane.until_idle()
    assert lane.shown("shopwright_reconcile_missing_total") == 3
    assert lane.shown("shopwright_stores_connected") == 1
    assert lane.shown("shopwright_stores_in_trouble") == 1
    left = days_left("2026-10", lane.clock.now_us())
    assert lane.shown("shopwright_api_version_days_left") == left > 60


def test_how_long_a_version_is_sure_to_be_answered() -> None:
    assert days_left("2026-10", 1_822_348_800 * US_PER_SECOND) == 0
    assert days_left("2026-10", 1_822_348_800 * US_PER_SECOND - 86_400 * US_PER_SECOND) == 1
