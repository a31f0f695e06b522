"""When a training is due, and what becomes of it: pure rules first, then real child programs."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shopwright.adapters.memory_connections import MemoryConnections, MemorySlices
from shopwright.adapters.memory_control import MemoryDecisions, MemoryOutbox, MemoryStores
from shopwright.app.job import Ended, Job
from shopwright.app.metrics import Metrics
from shopwright.app.schedule import (
    US_PER_HOUR,
    US_PER_MINUTE,
    Failures,
    Rhythm,
    Slot,
    due_us,
    last_decided,
    next_slot,
    read_failures,
    write_failures,
)
from shopwright.app.scheduler import TASKS, Scheduler
from shopwright.app.settings import load
from shopwright.app.stopping import Stop
from shopwright.core.clock import US_PER_SECOND, SimulatedClock
from shopwright.core.types.connection import Connection, Slice
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import ModelVersion, StoreId
from shopwright.core.types.store import Store
from shopwright.training.registration import OUTBOX_KIND

DAILY = Rhythm(every_us=24 * US_PER_HOUR, retry_us=30 * US_PER_MINUTE)
A, B = StoreId("a.myshopify.com"), StoreId("b.myshopify.com")
SLOT = Slot(A, "propensity")


def failures(count: int, failed_us: int, slot: Slot = SLOT) -> Failures:
    return Failures(
        store_id=slot.store_id, task=slot.task, count=count, failed_us=failed_us, reason="why"
    )


def decision(
    slot: Slot, decided_us: int, verdict: str = "champion", author: str = "shopwright"
) -> Decision:
    return Decision(
        store_id=slot.store_id,
        task=slot.task,
        model_version=ModelVersion("0" * 64),
        verdict=verdict,
        reason="it beat its baselines",
        figures={},
        decided_us=decided_us,
        author=author,
    )


HOUR = US_PER_HOUR
DUE = [
    (None, None, 0),
    (5 * HOUR, None, 29 * HOUR),
    (None, failures(1, 10 * HOUR), 10 * HOUR + HOUR // 2),
    (None, failures(2, 10 * HOUR), 11 * HOUR),
    (None, failures(3, 10 * HOUR), 12 * HOUR),
    (None, failures(9, 10 * HOUR), 34 * HOUR),
    (None, failures(10**6, 10 * HOUR), 34 * HOUR),
    (5 * HOUR, failures(1, 6 * HOUR), 29 * HOUR),
    (5 * HOUR, failures(1, 30 * HOUR), 30 * HOUR + HOUR // 2),
]


@pytest.mark.parametrize(("decided", "failed", "due"), DUE)
def test_a_slot_is_due_a_day_after_it_was_decided_and_later_after_failures(
    decided: int | None, failed: Failures | None, due: int
) -> None:
    assert due_us(DAILY, decided, failed) == due


def test_an_interval_of_zero_never_trains() -> None:
    assert due_us(Rhythm(every_us=0, retry_us=1), None, None) is None
    assert next_slot([SLOT], Rhythm(every_us=0, retry_us=1), {}, {}, 10**18) is None


@given(
    decided=st.none() | st.integers(0, 10**15),
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=2),
    failed_us=st.integers(0, 10**15),
)
def test_more_failures_never_make_a_slot_due_earlier(
    decided: int | None, counts: list[int], failed_us: int
) -> None:
    fewer, more = sorted(counts)
    early = due_us(DAILY, decided, failures(fewer, failed_us))
    late = due_us(DAILY, decided, failures(more, failed_us))
    assert early is not None
    assert late is not None
    assert early <= late <= max(failed_us, decided or 0) + DAILY.every_us


def test_the_slot_that_waits_longest_is_next() -> None:
    slots = [Slot(A, "propensity"), Slot(B, "propensity")]
    decided = {slots[0]: 50 * HOUR, slots[1]: 40 * HOUR}
    assert next_slot(slots, DAILY, decided, {}, 60 * HOUR) is None
    assert next_slot(slots, DAILY, decided, {}, 64 * HOUR) == slots[1]
    assert next_slot(slots, DAILY, decided, {}, 90 * HOUR) == slots[1]
    assert next_slot(slots, DAILY, decided, {slots[1]: failures(1, 89 * HOUR)}, 90 * HOUR) in slots


def test_failures_are_kept_across_a_restart_and_a_broken_file_is_a_new_start(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run" / "schedule.json"
    assert read_failures(path) == {}
    kept = {SLOT: failures(3, 7)}
    write_failures(path, kept)
    assert read_failures(path) == kept
    for broken in (b"", b"{", b'{"format":2,"failures":[]}', b'{"format":1}'):
        path.write_bytes(broken)
        assert read_failures(path) == {}


def until_ended(job: Job) -> Ended:
    for _ in range(1_000):
        if (ended := job.poll()) is not None:
            return ended
        time.sleep(0.01)
    raise AssertionError("the job never ended")


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def test_a_job_is_nice_and_its_last_line_is_kept() -> None:
    code = "import os, sys; sys.stderr.write(f'first\\nnice {os.nice(0)}\\n\\n'); sys.exit(3)"
    ended = until_ended(Job(python(code), dict(os.environ), nice=7, seconds_max=30))
    assert (ended.code, ended.late) == (3, False)
    assert ended.said in ("nice 7", "nice 0")  # 0: it was faster than its parent


def test_a_job_that_takes_too_long_is_ended() -> None:
    job = Job(python("import time; time.sleep(60)"), dict(os.environ), nice=0, seconds_max=0.2)
    ended = until_ended(job)
    assert ended.late
    assert ended.code < 0


class Shop:
    """A scheduler over lists in memory, whose jobs are real programs."""

    def __init__(self, home: Path, stores: Sequence[StoreId], **given: object) -> None:
        self.clock = SimulatedClock(100 * HOUR)
        self.settings = load(Path(os.devnull), {}, {"home": str(home), **given})
        self.stores, self.decisions, self.outbox = MemoryStores(), MemoryDecisions(), MemoryOutbox()
        self.connections, self.slices = MemoryConnections(), MemorySlices()
        for store in stores:
            self.stores.put(Store(store_id=store, currency="GBP", timezone="UTC", added_us=0))
        self.started: list[list[str]] = []
        self.program: Callable[[Sequence[str]], str] = lambda _: "pass"
        self.scheduler = self.restarted()

    def restarted(self) -> Scheduler:
        return Scheduler(
            settings=self.settings,
            connections=self.connections,
            slices=self.slices,
            stores=self.stores,
            decisions=self.decisions,
            outbox=self.outbox,
            start=self._start,
            clock=self.clock,
            metrics=Metrics(),
        )

    def _start(self, arguments: Sequence[str], seconds_max: float) -> Job:
        self.started.append(list(arguments))
        return Job(
            python(self.program(arguments)), dict(os.environ), nice=0, seconds_max=seconds_max
        )

    def pass_time(self, seconds: float, decide: bool = False) -> None:
        """Let the jobs of a stretch of simulated time run one after another."""
        end = self.clock.now_us() + round(seconds * US_PER_SECOND)
        while self.clock.now_us() < end:
            before = len(self.started)
            self.scheduler.turn()
            if len(self.started) > before and decide and self.started[-1][0] == "train":
                slot = Slot(StoreId(self.started[-1][2]), self.started[-1][4])
                self.decisions.record(decision(slot, self.clock.now_us(), "refused"))
            while self.scheduler.is_busy:
                self.scheduler.turn()
                time.sleep(0.002)
            self.clock.sleep(1.0)


def test_every_store_and_task_is_trained_once_a_day(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [A, B], train_every_hours=1)
    shop.pass_time(60, decide=True)
    wanted = [["train", "--store", s, "--task", t] for s in (A, B) for t in sorted(TASKS)]
    assert sorted(shop.started) == sorted(wanted)
    shop.pass_time(3_000, decide=True)
    assert len(shop.started) == len(wanted)
    shop.pass_time(600, decide=True)
    assert len(shop.started) == 2 * len(wanted)
    assert not (read_failures(tmp_path / "run" / "schedule.json"))


def test_a_failure_is_recorded_with_its_reason_and_waits_across_a_restart(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [A], train_retry_minutes=1, train_every_hours=24)
    shop.program = lambda _: "import sys; sys.exit('shopwright: a.myshopify.com: 3 orders')"
    shop.pass_time(30)
    assert len(shop.started) == len(TASKS)
    kept = read_failures(tmp_path / "run" / "schedule.json")
    assert {f.count for f in kept.values()} == {1}
    assert {f.reason for f in kept.values()} == {"shopwright: a.myshopify.com: 3 orders"}
    shop.scheduler = shop.restarted()
    shop.pass_time(20)
    assert len(shop.started) == len(TASKS)
    shop.pass_time(30)
    assert len(shop.started) == 2 * len(TASKS)
    kept = read_failures(tmp_path / "run" / "schedule.json")
    assert {f.count for f in kept.values()} == {2}
    shop.pass_time(90)
    assert len(shop.started) == 2 * len(TASKS)
    shop.pass_time(60)
    assert len(shop.started) == 3 * len(TASKS)


def test_models_that_wait_are_mirrored_before_anything_is_trained(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [A], mlflow_every_seconds=30, train_every_hours=0)
    shop.outbox.add(OUTBOX_KIND, "key", b"model")
    shop.pass_time(65)
    assert shop.started == [["mlflow-sync"]] * 3
    shop.outbox.done(OUTBOX_KIND, "key")
    shop.pass_time(65)
    assert len(shop.started) == 3


def test_a_running_job_ends_with_its_scheduler(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [A])
    shop.program = lambda _: "import time; time.sleep(60)"
    shop.scheduler.turn()
    assert shop.scheduler.is_busy
    stop = Stop()
    stop.request()
    started = time.monotonic()
    shop.scheduler.run(stop)
    assert time.monotonic() - started < 2


def test_a_promotion_by_hand_is_not_a_training() -> None:
    assert last_decided([decision(SLOT, 5), decision(SLOT, 9, author="ada")]) == {SLOT: 5}
    assert last_decided([decision(SLOT, 5, "refused"), decision(SLOT, 9, "retired")]) == {SLOT: 5}


def test_a_store_whose_history_is_on_its_way_waits_and_nothing_has_failed(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [A, B], train_every_hours=24)
    shop.connections.put(
        Connection(
            store_id=A, mode="token", connected_us=shop.clock.now_us(), api_version="2026-10"
        )
    )

    def trained(seconds: float) -> set[str]:
        shop.started.clear()
        shop.pass_time(seconds, decide=True)
        return {arguments[2] for arguments in shop.started}

    assert trained(60) == {B}
    one = Slice(store_id=A, name="orders/1", kind="orders", search="", state="running")
    shop.slices.put(one)
    assert trained(400) == set()
    assert read_failures(tmp_path / "run" / "schedule.json") == {}
    shop.slices.put(replace(one, state="proven"))
    assert trained(30) == {A}
