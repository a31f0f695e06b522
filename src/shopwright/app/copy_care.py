"""The worker's chore that finds an online store which lost what it had, event or no event."""

import logging

from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.errors import NotReady
from shopwright.core.ports import LedgerFeed, OnlineStore
from shopwright.pipelines.materialize import Materializer

log = logging.getLogger("worker")

LOOK_US = 2 * US_PER_SECOND
TELL_US = 60 * US_PER_SECOND


class CopyCare:
    """Repairs the online store as soon as it lags behind the ledger.

    A commit repairs it too; but a server that came back empty would wait for the next event, and
    until then every customer would be unknown.
    """

    def __init__(
        self, materializer: Materializer, feed: LedgerFeed, online: OnlineStore, clock: Clock
    ) -> None:
        self._materializer = materializer
        self._feed = feed
        self._online = online
        self._clock = clock
        self._looked_us: int | None = None
        self._told_us: int | None = None

    def step(self) -> bool:
        """Look, unless it was done a moment ago; it never has more to do."""
        now_us = self._clock.now_us()
        if not _is_over(self._looked_us, now_us, LOOK_US):
            return False
        self._looked_us = now_us
        try:
            if self._online.through() < self._feed.revision():
                copied = self._materializer.repair_online()
                log.warning("the online store had lost records; %d were copied again", copied)
        except NotReady as error:
            if _is_over(self._told_us, now_us, TELL_US):
                self._told_us = now_us
                log.warning("%s", error)
        return False


def _is_over(since_us: int | None, now_us: int, length_us: int) -> bool:
    return since_us is None or not 0 <= now_us - since_us < length_us
