"""Checkpoints of the ledger and the end of old log segments: made by a child, asked for by a chore.

The copy is read beside the worker by a program of its own, at the back of the queue for the
processor. So neither webhooks nor features wait for it.
"""

import logging
from collections.abc import Callable

from msgspec import Struct

from shopwright.app.bootstrap import open_checkpoints, open_dead_letters, open_retention
from shopwright.app.job import Job
from shopwright.app.rebuilding import sweep
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, Clock, SystemClock
from shopwright.core.ports import Stores

log = logging.getLogger("checkpoints")

US_PER_HOUR = 3_600 * US_PER_SECOND
RETRY_US = US_PER_HOUR
FIRST_LOOK_US = 60 * US_PER_SECOND
"""A worker that has just begun has better things to do."""

SECONDS_MAX = 4 * 3_600.0
KEEP_LOG_DAYS_MIN = 7
"""Shopify delivers up to a day late, and an operator sleeps at weekends."""


class Checkpointed(Struct, frozen=True, kw_only=True):
    """What one run did."""

    revision: int
    digest: str
    segments_removed: int
    bytes_removed: int


def checkpoint(settings: Settings, clock: Clock | None = None) -> Checkpointed:
    """Make a verified checkpoint, then remove the log segments that nobody needs any more.

    Raises Damaged when ledger and copy are not equal; then nothing is removed.
    """
    clock = clock or SystemClock()
    made = open_checkpoints(settings).make(clock.now_us())
    segments, freed = shorten_log(settings, clock)
    return Checkpointed(
        revision=made.revision, digest=made.digest, segments_removed=segments, bytes_removed=freed
    )


def shorten_log(settings: Settings, clock: Clock) -> tuple[int, int]:
    """Remove old log segments; return how many and their bytes.

    Only behind the newest checkpoint whose bytes are what was verified, never behind another one.
    """
    if not settings.keep_log_days:
        return 0, 0
    newest = next(open_checkpoints(settings).verified(), None)
    if newest is None:
        return 0, 0
    keep_days = max(KEEP_LOG_DAYS_MIN, settings.keep_log_days)
    letters = open_dead_letters(settings).find()
    retention = open_retention(settings)
    segments = retention.removable(
        newest.position,
        clock.now_us() // US_PER_DAY - keep_days,
        {(letter.partition, letter.offset) for letter in letters},
    )
    return len(segments), retention.remove(segments)


def renew_checkpoints(settings: Settings, clock: Clock | None = None) -> None:
    """Let no copy of the ledger remain that is older than it is now, because somebody was erased.

    Returns when the new one is verified and the older ones are gone. Without any it returns at
    once. What a rebuild that died left behind goes too; a running one notices the erasure itself.
    """
    sweep(settings)
    open_checkpoints(settings).renew((clock or SystemClock()).now_us())


class Checkpointing:
    """The chore that starts the child program when a checkpoint is due."""

    def __init__(
        self, settings: Settings, stores: Stores, clock: Clock, start: Callable[[], Job]
    ) -> None:
        self._every_us = settings.checkpoint_every_hours * US_PER_HOUR
        self._checkpoints = open_checkpoints(settings)
        self._stores = stores
        self._clock = clock
        self._start = start
        self._job: Job | None = None
        self._next_us = clock.now_us() + FIRST_LOOK_US

    def step(self) -> bool:
        """Start a child that is due, or see how the running one does; waiting is no work."""
        now_us = self._clock.now_us()
        if self._job is not None:
            self._look(now_us)
        elif self._every_us and now_us >= self._next_us:
            self._next_us = self._due_us()
            if now_us >= self._next_us:
                self._job = self._start()
        return False

    def end(self) -> None:
        """End a running child; a checkpoint that was not finished is swept by the next."""
        if self._job is not None:
            self._job.end()

    def _look(self, now_us: int) -> None:
        assert self._job is not None
        ended = self._job.poll()
        if ended is None:
            return
        self._job = None
        if ended.code:
            self._next_us = now_us + RETRY_US
            log.warning("no checkpoint of the ledger: %s", ended.said)
        else:
            self._next_us = now_us + self._every_us
            log.info("a checkpoint of the ledger was made in %.0f s", ended.seconds)

    def _due_us(self) -> int:
        """An installation is given some time before its first one."""
        made = self._checkpoints.all()
        if made:
            return made[0].made_us + self._every_us
        added = [store.added_us for store in self._stores.all()]
        return (min(added) if added else self._clock.now_us()) + self._every_us
