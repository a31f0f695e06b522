"""The installation's life under torture: webhooks and blows, then rest, then an orderly stop."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from shopwright.app.bootstrap import (
    open_feed,
    open_ledger,
    open_log,
    open_offline,
    open_privacy_requests,
)
from shopwright.app.settings import Settings
from shopwright.app.torture.chaos import WEIGHTS, Chaos, Done
from shopwright.app.torture.installation import Installation
from shopwright.app.torture.sender import Sender, Sent
from shopwright.app.torture.traffic import Traffic
from shopwright.app.torture.victims import Victim, choose, redaction
from shopwright.core.clock import Clock
from shopwright.core.types.identity import StoreId

ACKNOWLEDGE_SECONDS_MAX = 90.0
REST_SECONDS_MAX = 180.0
REDACTIONS_MAX = 40


class Order(Struct, frozen=True, kw_only=True):
    """What is to be done."""

    seconds: float
    seed: int
    rate: float
    every_seconds: float = 4.0
    """Mean time between two blows."""
    web_workers: int = 1
    actions: Sequence[str] = tuple(WEIGHTS)


class Status(Struct, frozen=True, kw_only=True):
    """How far it has come."""

    step: str
    done: int = 0
    total: int | None = None
    says: str = ""


Tell = Callable[[Status], None]


class Life:
    """The part of the torture during which the installation lives."""

    def __init__(
        self,
        order: Order,
        traffic: Traffic,
        settings: Settings,
        secrets: Mapping[StoreId, bytes],
        installation: Installation,
        clock: Clock,
        tell: Tell,
    ) -> None:
        self._order = order
        self._traffic = traffic
        self._settings = settings
        self._installation = installation
        self._clock = clock
        self._tell = tell
        self._sender = Sender(settings.host, settings.port, secrets)

    async def live(self) -> tuple[Sent, Done, list[str]]:
        """Send and hit for the time that was ordered; then let it come to rest, and stop it."""
        self._installation.start()
        self._sender.begin()
        chaos = self._new_chaos()
        showing = asyncio.create_task(self._show(chaos))
        hitting = asyncio.create_task(asyncio.to_thread(chaos.run))
        await self._sender.follow(self._traffic.parcels, self._traffic.schedule)
        chaos.end()
        await hitting
        showing.cancel()
        self._tell(Status(step="letting it come to rest"))
        keeping = asyncio.create_task(self._keep_up())
        await self._sender.drain(ACKNOWLEDGE_SECONDS_MAX)
        await asyncio.to_thread(chaos.wait_for_commands)
        await self._sender.drain(ACKNOWLEDGE_SECONDS_MAX)
        undrained = await self._rest()
        keeping.cancel()
        await self._sender.end()
        chaos.done.stop_seconds.append(await asyncio.to_thread(self._installation.stop))
        return self._sender.sent, chaos.done, undrained

    def _new_chaos(self) -> Chaos:
        order, loop = self._order, asyncio.get_running_loop()
        rng = np.random.default_rng([order.seed, 2])

        def killed(at: float) -> None:
            loop.call_soon_threadsafe(self._sender.killed, at)

        def redact(victim: Victim) -> None:
            parcel = redaction(victim, self._clock.now_us())
            self._traffic.parcels.append(parcel)
            loop.call_soon_threadsafe(self._sender.put, parcel)

        return Chaos(
            self._installation,
            rng,
            every_seconds=order.every_seconds,
            actions=order.actions,
            victims=choose(self._traffic.parcels, REDACTIONS_MAX, rng),
            killed=killed,
            redact_by_webhook=redact,
        )

    async def _show(self, chaos: Chaos) -> None:
        began, total = time.monotonic(), round(self._order.seconds)
        while True:
            sent = self._sender.sent
            says = (
                f"{sent.requests:,} sent, {sent.acknowledgements:,} answered 200, "
                f"{sum(sent.answers.values()):,} not, "
                f"{sum(chaos.done.actions.values())} blows"
            )
            elapsed = min(total, round(time.monotonic() - began))
            self._tell(Status(step="torturing", done=elapsed, total=total, says=says))
            await asyncio.sleep(0.5)

    async def _keep_up(self) -> None:
        while True:
            self._installation.keep_up()
            await asyncio.sleep(0.2)

    async def _rest(self) -> list[str]:
        """Wait until everything that was taken is counted, copied and erased."""
        deadline = time.monotonic() + REST_SECONDS_MAX
        while True:
            left = await asyncio.to_thread(_unfinished, self._settings)
            if not left or time.monotonic() > deadline:
                return left
            await asyncio.sleep(0.25)


def _unfinished(settings: Settings) -> list[str]:
    """Return what the worker still has to do."""
    left = []
    ledger, feed = open_ledger(settings, read_only=True), open_feed(settings)
    log = open_log(settings)
    try:
        through = ledger.through()
        if any(through.get(name, -1) < offset for name, offset in log.end().items()):
            left.append("the ledger has not reached the end of the log")
        if open_offline(settings).through() != feed.revision():
            left.append("the history has not reached the ledger")
        waiting = len(open_privacy_requests(settings).open())
        if waiting:
            left.append(f"{waiting} erasures are not closed")
    finally:
        for one in (ledger, feed, log):
            one.close()
    return left
