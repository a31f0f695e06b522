"""One disk sync for all webhooks that are waiting: a 200 is given only after it.

A sync costs milliseconds whatever its size, so events that arrive during one share the next. One
thread does all writing, as the log asks; the event loop only hands over and waits.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence

from shopwright.app.metrics import Metrics
from shopwright.core.errors import Busy, Damaged
from shopwright.core.types.event import Event
from shopwright.core.types.log import Appended

Accept = Callable[[Sequence[Event]], Appended]
Waiting = tuple[Event, "asyncio.Future[None]"]

EVENTS_WAITING_MAX = 10_000
BYTES_WAITING_MAX = 128 << 20
BATCH_EVENTS_MAX = 1_000
"""Bounds how long one commit keeps the next ones waiting."""

log = logging.getLogger("shopwright.web")


class NotStored(Exception):
    """The event is not on disk, and why: the sender keeps it and sends it again."""


class CommitGroup:
    """Stores events in groups; ``start`` it on the loop whose futures it resolves."""

    def __init__(
        self,
        accept: Accept,
        metrics: Metrics,
        *,
        events_max: int = EVENTS_WAITING_MAX,
        bytes_max: int = BYTES_WAITING_MAX,
    ) -> None:
        self._accept = accept
        self._events_max = events_max
        self._bytes_max = bytes_max
        self._events = 0
        self._bytes = 0
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="commit-group", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._trouble: str | None = None
        self._stored = metrics.counter("shopwright_commits_total", "stored")
        self._failed = metrics.counter("shopwright_commits_total", "failed")
        self._duplicates = metrics.counter("shopwright_webhook_duplicates_total")
        self._gauge = metrics.gauge("shopwright_webhooks_waiting")

    @property
    def trouble(self) -> str | None:
        """Why the last commit failed; None after one that did not."""
        return self._trouble

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to take events."""
        self._loop = loop
        self._thread.start()

    async def commit(self, event: Event) -> None:
        """Return when the event is on disk. Raises NotStored when it is not."""
        loop = self._loop
        if loop is None:
            raise NotStored("this process is stopping")
        if self._events >= self._events_max or self._bytes >= self._bytes_max:
            raise NotStored("too many webhooks are waiting for the disk")
        stored: asyncio.Future[None] = loop.create_future()
        self._events += 1
        self._bytes += len(event.body)
        self._queue.put((event, stored))
        try:
            await stored
        finally:
            self._events -= 1
            self._bytes -= len(event.body)

    async def stop(self) -> None:
        """Take no more events, and return when those that wait are answered."""
        loop, self._loop = self._loop, None
        if loop is not None:
            self._queue.put(None)
            await loop.run_in_executor(None, self._thread.join)

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None
        running = True
        while running:
            batch, running = self._collect()
            if batch:
                answers = self._store(batch)
                loop.call_soon_threadsafe(_resolve, batch, answers)

    def _collect(self) -> tuple[list[Waiting], bool]:
        """Wait for one event and take what waits behind it; False after the last."""
        batch: list[Waiting] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) == BATCH_EVENTS_MAX:
                return batch, True
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _store(self, batch: list[Waiting]) -> list[NotStored | None]:
        events = [event for event, _ in batch]
        self._gauge.set(self._queue.qsize() + len(events))
        try:
            self._count(self._accept(events))
        except (OSError, Busy, Damaged) as error:
            return [self._disk_trouble(error)] * len(events)
        except Exception as error:
            # One event that cannot be stored must not take its neighbours with it.
            if len(batch) > 1:
                return [answer for one in batch for answer in self._store([one])]
            log.exception("an event could not be stored")
            self._failed.inc()
            return [NotStored(f"the event could not be stored ({type(error).__name__})")]
        else:
            return [None] * len(events)
        finally:
            self._gauge.set(self._queue.qsize())

    def _count(self, appended: Appended) -> None:
        self._trouble = None
        self._stored.inc()
        if appended.duplicates:
            self._duplicates.inc(appended.duplicates)

    def _disk_trouble(self, error: Exception) -> NotStored:
        self._failed.inc()
        said = error.strerror if isinstance(error, OSError) else str(error)
        reason = f"the log cannot be written: {said or type(error).__name__}"
        if self._trouble != reason:
            log.error(reason)
        self._trouble = reason
        return NotStored(reason)


def _resolve(batch: list[Waiting], answers: list[NotStored | None]) -> None:
    for (_, stored), trouble in zip(batch, answers, strict=True):
        if stored.done():
            continue
        if trouble is None:
            stored.set_result(None)
        else:
            stored.set_exception(trouble)
