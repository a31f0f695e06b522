"""Sees a customer's record change: while somebody watches, the read copy is asked every 20 ms.

The instant at which a new revision is first seen is the measured end of event-to-feature: it is
late by at most one round, never early.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from shopwright.app.metrics import Metrics
from shopwright.app.web.console_types import Change
from shopwright.core.clock import Clock
from shopwright.core.ports import OnlineStore
from shopwright.core.types.identity import Pseudonym, StoreId

log = logging.getLogger("shopwright.web")

ROUND_SECONDS = 0.02
TROUBLE_SECONDS = 1.0
LISTENERS_MAX = 64
SEEN_MAX = 1_000

Who = tuple[StoreId, Pseudonym]


class TooManyListeners(Exception):
    """The page must ask now and then instead."""


class Watch:
    """Watches the records of those customers whom a page looks at."""

    def __init__(
        self,
        online: OnlineStore,
        view: str,
        clock: Clock,
        metrics: Metrics,
        *,
        listeners_max: int = LISTENERS_MAX,
    ) -> None:
        self._online = online
        self._view = view
        self._clock = clock
        self._listeners: dict[Who, set[asyncio.Event]] = {}
        self._revisions: dict[Who, int] = {}
        self._seen: OrderedDict[Who, Change] = OrderedDict()
        self._task: asyncio.Task[None] | None = None
        self._gauge = metrics.gauge("shopwright_console_listeners")
        self._listeners_max = listeners_max
        self.stopping = False

    def latest(self, who: Who) -> Change | None:
        """Return the latest change that was seen to happen."""
        return self._seen.get(who)

    @property
    def full(self) -> bool:
        """Whether nobody more may listen."""
        listeners = sum(len(events) for events in self._listeners.values())
        return self.stopping or listeners >= self._listeners_max

    def stop(self) -> None:
        """Wake every listener for the last time."""
        self.stopping = True
        for events in self._listeners.values():
            for event in events:
                event.set()

    @contextmanager
    def listening(self, who: Who) -> Iterator[asyncio.Event]:
        """Watch one customer inside the block; the event is set at each change.

        Raises TooManyListeners.
        """
        if self.full:
            raise TooManyListeners
        changed = asyncio.Event()
        if who not in self._listeners:
            self._revisions[who] = self._read([who]).get(who, (0, 0))[0]
        self._listeners.setdefault(who, set()).add(changed)
        self._gauge.inc()
        if self._task is None:
            self._task = asyncio.create_task(self._rounds())
        try:
            yield changed
        finally:
            self._gauge.dec()
            self._listeners[who].discard(changed)
            if not self._listeners[who]:
                del self._listeners[who], self._revisions[who]

    async def _rounds(self) -> None:
        try:
            while self._listeners and not self.stopping:
                try:
                    self._look()
                except Exception:
                    # The read copy may be away for a moment; the pages keep what they show.
                    log.exception("the online store cannot be watched")
                    await asyncio.sleep(TROUBLE_SECONDS)
                await asyncio.sleep(ROUND_SECONDS)
        finally:
            self._task = None

    def _look(self) -> None:
        records = self._read(list(self._listeners))
        readable_us = self._clock.now_us()
        for who, (revision, received_us) in records.items():
            if revision > self._revisions[who]:
                self._revisions[who] = revision
                self._remember(who, revision, received_us, readable_us)
                for changed in self._listeners[who]:
                    changed.set()

    def _read(self, everyone: list[Who]) -> dict[Who, tuple[int, int]]:
        found: dict[Who, tuple[int, int]] = {}
        for who in everyone:
            store_id, entity = who
            record = self._online.read(store_id, self._view, [entity]).get(entity)
            if record is not None:
                found[who] = (record.revision, record.received_us)
        return found

    def _remember(self, who: Who, revision: int, received_us: int, readable_us: int) -> None:
        self._seen[who] = Change(
            revision=revision,
            received_us=received_us,
            readable_us=readable_us,
            event_to_feature_ms=(readable_us - received_us) / 1e3,
        )
        self._seen.move_to_end(who)
        while len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)
