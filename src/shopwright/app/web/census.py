"""How many customers a store has, and how new its newest record is: counted while nobody waits."""

import asyncio
import logging
from typing import NamedTuple

from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.ports import OnlineStore
from shopwright.core.types.identity import Pseudonym, StoreId

PAGE_RECORDS = 1_000
REST_SHARE = 50
"""A count that took a second is not begun again for this many seconds: at most 2 % of a core."""
REST_US_MIN = 2 * US_PER_SECOND

log = logging.getLogger("shopwright.web")


class Counted(NamedTuple):
    """One store as it was counted."""

    customers: int
    newest_us: int
    again_us: int


class Census:
    """Counts a store in a thread when a page asks about it, and answers what it knows so far."""

    def __init__(self, online: OnlineStore, view: str, clock: Clock) -> None:
        self._online = online
        self._view = view
        self._clock = clock
        self._counted: dict[StoreId, Counted] = {}
        self._tasks: dict[StoreId, asyncio.Task[None]] = {}

    async def of(self, store_id: StoreId) -> Counted | None:
        """Return the newest count; None while the first one of a large store is under way."""
        known = self._counted.get(store_id)
        if known is None or known.again_us <= self._clock.now_us():
            task = self._tasks.get(store_id)
            if task is None:
                task = asyncio.create_task(self._count(store_id))
                self._tasks[store_id] = task
            await asyncio.wait([task], timeout=0.25 if known is None else 0)
        return self._counted.get(store_id)

    async def _count(self, store_id: StoreId) -> None:
        try:
            self._counted[store_id] = await asyncio.to_thread(self._count_and_wait, store_id)
        except Exception:
            log.exception("customers could not be counted")
        finally:
            del self._tasks[store_id]

    def _count_and_wait(self, store_id: StoreId) -> Counted:
        began_us = self._clock.now_us()
        customers = newest_us = 0
        after: Pseudonym | None = None
        while records := self._online.page(store_id, self._view, after, PAGE_RECORDS):
            customers += len(records)
            newest_us = max(newest_us, *(record.received_us for record in records))
            after = records[-1].entity
        ended_us = self._clock.now_us()
        rest_us = max(REST_US_MIN, REST_SHARE * (ended_us - began_us))
        return Counted(customers, newest_us, ended_us + rest_us)
