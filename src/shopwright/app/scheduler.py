"""The embedded scheduler: trains what is due, one child program at a time, and mirrors to MLflow.

The decision log says when each store was last trained, so nothing here is lost by a restart but
the count of failures, and that is kept in a file.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from shopwright.app.completeness_gate import is_being_read
from shopwright.app.heal_lane import HealLane
from shopwright.app.job import Ended, Job
from shopwright.app.metrics import Metrics
from shopwright.app.schedule import (
    US_PER_HOUR,
    US_PER_MINUTE,
    Failures,
    Rhythm,
    Slot,
    last_decided,
    next_slot,
    read_failures,
    write_failures,
)
from shopwright.app.settings import Settings
from shopwright.app.stopping import Stop
from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.ports import Connections, Decisions, Outbox, Slices, Stores
from shopwright.training import tasks
from shopwright.training.registration import OUTBOX_KIND

log = logging.getLogger("scheduler")

TASKS = tuple(sorted(tasks.TASKS))
TICK_SECONDS = 0.1
LOOK_SECONDS = 5
"""How often an idle scheduler looks for what is due."""

DECISIONS_SECONDS = 600
"""How often the whole decision log is read for trainings that somebody ran by hand."""

MLFLOW_SECONDS_MAX = 600.0

StartJob = Callable[[Sequence[str], float], Job]
"""(arguments of `shopwright`, seconds it may take) -> the running job."""


class Scheduler:
    """Starts at most one training at a time, and the healer beside it."""

    def __init__(  # noqa: PLR0913 - one for each port that it works on
        self,
        *,
        settings: Settings,
        connections: Connections,
        slices: Slices,
        stores: Stores,
        decisions: Decisions,
        outbox: Outbox,
        start: StartJob,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._heal = HealLane(settings, connections, start, clock, metrics)
        self._settings = settings
        self._connections = connections
        self._slices = slices
        self._stores = stores
        self._decisions = decisions
        self._outbox = outbox
        self._start = start
        self._clock = clock
        self._metrics = metrics
        self._path: Path = settings.run_folder / "schedule.json"
        self._failed = read_failures(self._path)
        self._rhythm = Rhythm(
            every_us=settings.train_every_hours * US_PER_HOUR,
            retry_us=settings.train_retry_minutes * US_PER_MINUTE,
        )
        self._decided: dict[Slot, int] = {}
        self._decided_us = -DECISIONS_SECONDS * US_PER_SECOND
        self._job: Job | None = None
        self._slot: Slot | None = None
        self._started_us = 0
        self._look_us = 0
        self._mirror_us = 0

    def run(self, stop: Stop) -> None:
        """Work until asked to stop; a job that runs then is ended."""
        try:
            while not stop.requested:
                self.turn()
                self._clock.sleep(TICK_SECONDS)
        finally:
            self._heal.end()
            if self._job is not None:
                self._job.end()

    @property
    def is_busy(self) -> bool:
        """Whether a job runs."""
        return self._job is not None

    def turn(self) -> None:
        """See how the running jobs do, or start the next ones."""
        self._heal.turn()
        if self._job is not None:
            if (ended := self._job.poll()) is not None:
                self._job = None
                self._finish(ended)
        elif self._clock.now_us() >= self._look_us:
            self._look_us = self._clock.now_us() + LOOK_SECONDS * US_PER_SECOND
            self._begin()

    def _begin(self) -> None:
        now_us = self._clock.now_us()
        every_us = self._settings.mlflow_every_seconds * US_PER_SECOND
        if every_us and now_us >= self._mirror_us and self._outbox.pending(OUTBOX_KIND, 1):
            self._mirror_us = now_us + every_us
            self._slot = None
            self._job = self._start(["mlflow-sync"], MLFLOW_SECONDS_MAX)
            return
        slots = [Slot(store.store_id, task) for store in self._stores.all() for task in TASKS]
        if now_us - self._decided_us >= DECISIONS_SECONDS * US_PER_SECOND:
            self._decided = last_decided(self._decisions.of(None, None))
            self._decided_us = now_us
        slot = self._next(slots, now_us)
        if slot is not None:
            self._train(slot, now_us)

    def _next(self, slots: Sequence[Slot], now_us: int) -> Slot | None:
        """Return the slot to train; a store whose history is on its way waits without a failure."""
        left = list(slots)
        while slot := next_slot(left, self._rhythm, self._decided, self._failed, now_us):
            if not is_being_read(self._connections, self._slices, slot.store_id, now_us):
                return slot
            left = [one for one in left if one.store_id != slot.store_id]
        return None

    def _train(self, slot: Slot, now_us: int) -> None:
        log.info("%s: training %s", slot.store_id, slot.task)
        arguments = ["train", "--store", slot.store_id, "--task", slot.task]
        self._slot, self._started_us = slot, now_us
        self._job = self._start(arguments, self._settings.train_minutes_max * 60.0)

    def _finish(self, ended: Ended) -> None:
        self._look_us = 0
        slot = self._slot
        if slot is None:
            if ended.code:
                log.warning("MLflow was not reached and is tried again: %s", ended.said)
            return
        self._metrics.histogram("shopwright_training_seconds", slot.task).observe(ended.seconds)
        self._decided |= last_decided(self._decisions.of(slot.store_id, slot.task))
        if self._decided.get(slot, 0) >= self._started_us:
            self._failed.pop(slot, None)
            log.info("%s: %s was trained in %.0f s", slot.store_id, slot.task, ended.seconds)
        else:
            self._record_failure(slot, ended)
        write_failures(self._path, self._failed)

    def _record_failure(self, slot: Slot, ended: Ended) -> None:
        before = self._failed.get(slot)
        reason = f"it took more than {ended.seconds:.0f} s" if ended.late else ended.said
        self._failed[slot] = Failures(
            store_id=slot.store_id,
            task=slot.task,
            count=before.count + 1 if before else 1,
            failed_us=self._clock.now_us(),
            reason=reason or f"it ended with {ended.code}",
        )
        log.warning("%s: no model for %s: %s", slot.store_id, slot.task, reason)
