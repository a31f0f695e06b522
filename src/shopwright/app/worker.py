"""The worker: log to ledger to features as fast as they come, to Parquet every few seconds.

Between two batches it does chores: erasures, errands of an operator, checkpoints. A chore is done
in small pieces, so that webhooks do not wait for it.
"""

import logging
from collections.abc import Sequence

from shopwright.app.metrics import Metrics, bounded
from shopwright.app.stopping import Stop
from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.ports import Chore
from shopwright.events.shopify import TOPICS
from shopwright.pipelines.archive import Archiver
from shopwright.pipelines.materialize import Materializer, Step

log = logging.getLogger("worker")

POLL_SECONDS_MIN = 0.01
POLL_SECONDS_MAX = 0.05
"""An idle worker looks at the log this often: half of it is the mean wait of a lone webhook."""

BUSY_ARCHIVES_EACH = 12
"""While the log is never empty (a long import), history is copied this many times less often: each
copy rewrites every month that changed."""

CHORES_SECONDS = 0.5
"""A worker whose chores had nothing to do asks them again after this long."""


class Worker:
    """Takes one step at a time, so that it can stop between any two."""

    def __init__(
        self,
        materializer: Materializer,
        archiver: Archiver,
        chores: Sequence[Chore] = (),
        *,
        clock: Clock,
        metrics: Metrics,
        batch_records_max: int,
        archive_every_seconds: int,
    ) -> None:
        self._materializer = materializer
        self._archiver = archiver
        self._chores = chores
        self._chores_us = 0
        self._clock = clock
        self._metrics = metrics
        self._batch_records_max = batch_records_max
        self._archive_every_us = archive_every_seconds * US_PER_SECOND
        self._unarchived = 1
        """Revisions since the last copy; a process that ended before its copy may have left one."""
        self._archived_us = 0
        self._wait = 0.0

    def run(self, stop: Stop) -> None:
        """Work until asked to stop. An error ends the process; the supervisor starts it again."""
        repaired = self._materializer.repair_online()
        log.info("online store is whole, %d records were missing", repaired)
        while not stop.requested:
            self._clock.sleep(self.turn())

    def turn(self) -> float:
        """Do the next thing; return the seconds to wait before the turn after it."""
        step = self._materializer.step(self._batch_records_max)
        if step.records:
            self._count(step)
            self._unarchived += 1
        self._archive(busy=step.records > 0)
        self._show_lag(step)
        did_chore = self._do_chores()
        self._wait = 0.0 if step.records or did_chore else _longer(self._wait)
        return self._wait

    def _do_chores(self) -> bool:
        """Let each chore do one piece; a chore that found nothing rests for a while."""
        now_us = self._clock.now_us()
        if 0 <= now_us - self._chores_us < CHORES_SECONDS * US_PER_SECOND:
            return False
        did = [chore.step() for chore in self._chores]
        if not any(did):
            self._chores_us = now_us
        return any(did)

    def _archive(self, *, busy: bool) -> None:
        every_us = self._archive_every_us * (BUSY_ARCHIVES_EACH if busy else 1)
        waited_us = self._clock.now_us() - self._archived_us
        if self._unarchived and not 0 <= waited_us < every_us:
            written = self._archiver.step()
            self._unarchived = 0
            self._archived_us = self._clock.now_us()
            log.debug("%d months copied to the history", written)

    def _count(self, step: Step) -> None:
        now_us = self._clock.now_us()
        seconds = self._metrics.histogram("shopwright_event_to_feature_seconds")
        for received_us in step.received_us:
            seconds.observe(max(0, now_us - received_us) / US_PER_SECOND)
        self._metrics.counter("shopwright_ledger_records_total").inc(step.records)
        for topic in step.dead_topics:
            self._metrics.counter("shopwright_dead_letters_total", bounded(topic, TOPICS)).inc()
        if step.dead_topics:
            unread = len(step.dead_topics)
            log.warning("%d events could not be read: shopwright dead-letters", unread)

    def _show_lag(self, step: Step) -> None:
        """A batch that was not full has emptied the log."""
        full = step.records >= self._batch_records_max and bool(step.received_us)
        lag_us = self._clock.now_us() - max(step.received_us) if full else 0
        self._metrics.gauge("shopwright_ledger_lag_seconds").set(max(0, lag_us) / US_PER_SECOND)
        self._metrics.gauge("shopwright_archive_lag_revisions").set(self._unarchived)


def _longer(wait: float) -> float:
    return min(max(wait * 2, POLL_SECONDS_MIN), POLL_SECONDS_MAX)
