"""A request that is late is told: by the worker at half of its time, by doctor, and as overdue."""

import logging
from pathlib import Path
from typing import Literal

import pytest
from msgspec.structs import replace

from shopwright.app.bootstrap import open_privacy_requests
from shopwright.app.cli.program import run
from shopwright.app.doctor.people import requests as look
from shopwright.app.erasing import LOOK_US, Erasing
from shopwright.app.owner import own
from shopwright.app.privacy_deadlines import due_us, is_half_over
from shopwright.app.settings import Settings, load
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, SimulatedClock
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.privacy import PrivacyRequest
from shopwright.pipelines.erase_progress import Progress, encode

ASKED_US = 1_790_000_000 * US_PER_SECOND
HOUR_US = 3_600 * US_PER_SECOND
REPORT = PrivacyRequest(
    request_id="5" * 32,
    store_id=StoreId("pots.myshopify.com"),
    kind="report",
    origin="customers/data_request",
    asked_us=ASKED_US,
    customers=(Pseudonym(b"anna" * 4),),
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0
    assert run(["stores", "add", "pots", "--currency", "GBP", "--timezone", "UTC"]) == 0
    return load()


def levels(settings: Settings, at_us: int) -> list[tuple[str, str]]:
    return [(one.level, one.do) for one in look(settings, SimulatedClock(at_us))]


def test_doctor_warns_at_half_of_the_time_and_fails_after_it(settings: Settings) -> None:
    assert levels(settings, ASKED_US) == [("ok", "")]
    requests = open_privacy_requests(settings)
    requests.ask(REPORT)
    assert levels(settings, ASKED_US + 12 * HOUR_US) == [("ok", "")]
    ((level, do),) = levels(settings, ASKED_US + 12 * HOUR_US + 1)
    assert (level, do.partition(" --request")[0]) == ("warn", "shopwright privacy report")
    assert levels(settings, ASKED_US + 24 * HOUR_US)[0][0] == "warn"
    assert levels(settings, ASKED_US + 24 * HOUR_US + 1)[0][0] == "fail"


@pytest.mark.parametrize(
    ("stage", "days", "advice"), [("log", 1, "shopwright up"), ("models", 7, "shopwright train")]
)
def test_models_have_days_and_everything_else_one(
    settings: Settings, stage: Literal["log", "models"], days: int, advice: str
) -> None:
    requests = open_privacy_requests(settings)
    erasure = replace(REPORT, kind="erase_customer")
    requests.ask(erasure)
    requests.advance(erasure.request_id, encode(Progress(stage=stage)))
    due = ASKED_US + days * US_PER_DAY
    assert due_us(settings, erasure, stage) == due
    assert not is_half_over(settings, erasure, stage, ASKED_US + days * US_PER_DAY // 2)
    assert levels(settings, due)[0][0] == "warn"
    ((level, do),) = levels(settings, due + 1)
    assert level == "fail"
    assert do.startswith(advice)


def test_the_worker_says_once_that_half_of_the_time_is_gone(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    open_privacy_requests(settings).ask(REPORT)
    clock = SimulatedClock(ASKED_US)
    with own(settings) as owner:
        erasing = Erasing(owner, clock=clock)
        for _ in range(30):
            clock.set(clock.now_us() + HOUR_US)
            erasing.step()
            clock.set(clock.now_us() + LOOK_US // 2)
            erasing.step()
    (said,) = [record.getMessage() for record in caplog.records if record.name == "erasing"]
    assert said.startswith("report 555555555555 is not done and half of its time is gone")
