"""Lets the healer run when a store's look is due, beside whatever the scheduler trains."""

import logging
from collections.abc import Callable, Sequence

from shopwright.admin.versions import days_left
from shopwright.app.job import Ended, Job
from shopwright.app.metrics import Metrics
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.ports import Connections
from shopwright.core.types.connection import Connection

log = logging.getLogger("scheduler")

LOOK_SECONDS = 15
SECONDS_MAX = 6 * 3_600.0
PAUSE_SECONDS = 60
"""After a healer that failed as a whole."""


def is_due(one: Connection, every_minutes: int, now_us: int) -> bool:
    """Return whether a store should be asked now what it updated."""
    if not every_minutes or one.state != "connected" or one.backfill_from_us is None:
        return False
    return (one.looked_us or one.connected_us) <= now_us - every_minutes * 60 * US_PER_SECOND


class HealLane:
    """At most one healer at a time."""

    def __init__(
        self,
        settings: Settings,
        connections: Connections,
        start: Callable[[Sequence[str], float], Job],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._start = start
        self._clock = clock
        self._metrics = metrics
        self._job: Job | None = None
        self._look_us = 0
        self._missed: int | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the healer runs."""
        return self._job is not None

    def turn(self) -> None:
        """See how the healer does, or start it when a store is due."""
        if self._job is not None:
            if (ended := self._job.poll()) is not None:
                self._job = None
                self._finish(ended)
        elif self._clock.now_us() >= self._look_us:
            self._look_us = self._clock.now_us() + LOOK_SECONDS * US_PER_SECOND
            self._look()

    def end(self) -> None:
        """End a healer that runs; it begins again where it was."""
        if self._job is not None:
            self._job.end()

    def _look(self) -> None:
        stores = self._connections.all()
        self._tell(stores)
        now_us = self._clock.now_us()
        if any(is_due(one, self._settings.reconcile_minutes, now_us) for one in stores):
            self._job = self._start(["reconcile", "--due"], SECONDS_MAX)

    def _finish(self, ended: Ended) -> None:
        if ended.code:
            log.warning("some stores could not be healed: %s", ended.said)
            self._look_us = self._clock.now_us() + PAUSE_SECONDS * US_PER_SECOND
        self._tell(self._connections.all())

    def _tell(self, stores: Sequence[Connection]) -> None:
        missed = sum(one.missed for one in stores)
        if self._missed is not None and missed > self._missed:
            self._metrics.counter("shopwright_reconcile_missing_total").inc(missed - self._missed)
        self._missed = missed
        self._metrics.gauge("shopwright_stores_connected").set(len(stores))
        self._metrics.gauge("shopwright_stores_in_trouble").set(
            sum(bool(one.trouble) or one.state != "connected" for one in stores)
        )
        if stores:
            now_us = self._clock.now_us()
            left = min(days_left(one.served_version or one.api_version, now_us) for one in stores)
            self._metrics.gauge("shopwright_api_version_days_left").set(left)
