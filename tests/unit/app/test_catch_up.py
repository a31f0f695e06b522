"""Waiting for the worker ends although a busy shop goes on telling."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shopwright.app import catch_up as module
from shopwright.app.settings import Settings
from shopwright.core.clock import SimulatedClock
from shopwright.core.errors import Busy, NotReady
from shopwright.core.types.log import Position


class BusyWorker:
    """Takes a record and makes a commit at every look; its copy is always one commit behind."""

    def __init__(self, lag: int) -> None:
        self.looks = 0
        self.lag = lag

    def through(self) -> Position:
        self.looks += 1
        return Position({"web-0": self.looks})

    def revision(self) -> int:
        return self.looks

    def copied(self) -> int:
        return self.looks - self.lag


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> BusyWorker:
    one = BusyWorker(lag=1)

    def busy(_settings: Settings) -> Any:
        raise Busy("a worker runs")

    monkeypatch.setattr(module, "own", busy)
    end = SimpleNamespace(end=lambda: Position({"web-0": 30}))
    monkeypatch.setattr(module, "open_log", lambda _: end)
    monkeypatch.setattr(module, "open_ledger", lambda _, **__: SimpleNamespace(through=one.through))
    monkeypatch.setattr(module, "open_feed", lambda _: SimpleNamespace(revision=one.revision))
    monkeypatch.setattr(module, "open_offline", lambda _: SimpleNamespace(through=one.copied))
    return one


def test_it_waits_for_what_was_there_and_no_longer(worker: BusyWorker, tmp_path: Path) -> None:

    class Clock(SimulatedClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            worker.looks += worker.looks >= 30

    module.catch_up(Settings(home=tmp_path), clock=Clock(0))
    assert 30 <= worker.looks <= 33


def test_a_worker_that_does_not_get_there_is_not_waited_for_forever(
    worker: BusyWorker, tmp_path: Path
) -> None:
    worker.lag = 10**9
    with pytest.raises(NotReady, match="after ten minutes"):
        module.catch_up(Settings(home=tmp_path), clock=SimulatedClock(0))
