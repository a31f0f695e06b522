"""The whole first mile in one process: real pipelines, ports in memory, time and chance given.

A crash is an exception between any two calls of a port; then the pipelines are made anew over
what the ports still hold, as a restarted process would. The disk may also refuse a call, before it
did anything or after it did everything: the web process answers 503 and goes on, the worker ends
and is started again.
"""

import errno
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from shopwright.adapters.memory_control import MemoryKeys, MemorySecrets, MemoryStores
from shopwright.adapters.memory_ledger import MemoryLedger
from shopwright.adapters.memory_log import MemoryLog
from shopwright.adapters.memory_offline import MemoryOfflineStore
from shopwright.adapters.memory_online import MemoryOnlineStore
from shopwright.adapters.memory_privacy import MemoryPrivacyRequests
from shopwright.core.clock import SimulatedClock, iso
from shopwright.core.types.event import Delivery, Event
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.store import Store
from shopwright.events.webhook import Rejection, content_key, sign
from shopwright.pipelines.archive import Archiver
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.materialize import Materializer
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.simulator.faults import Arrival
from shopwright.simulator.shop import Shop

SECRET = b"hush"
STEPS_MAX = 100_000


class Crash(Exception):
    """The process died here."""


class Crashing:
    """A port that fails before or after a call that a countdown chose."""

    def __init__(self, port: Any, countdown: "Countdown") -> None:
        self._port = port
        self._countdown = countdown

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name == "store_key":
            return method  # asked for every webhook, and answered from memory
        told = f"{type(self._port).__name__}.{name}".encode()

        def call(*args: Any, **kwargs: Any) -> Any:
            self._countdown.trace.update(told)
            self._countdown.tick()
            answer = method(*args, **kwargs)
            self._countdown.tick()
            return answer

        return call


class Countdown:
    """Says when the next fault comes: after a drawn number of calls."""

    def __init__(
        self, rng: np.random.Generator | None, mean_calls: int, refused_share: float = 0.0
    ) -> None:
        self._rng = rng
        self._mean = mean_calls
        self._refused_share = refused_share
        self._left = self._draw()
        self.crashes = 0
        self.refusals = 0
        self.trace = hashlib.sha256()
        """Every call of a port, in order: equal runs make equal calls."""

    def _draw(self) -> int:
        # Without an upper bound: however many calls one pass makes, some pass comes to its end.
        return -1 if self._rng is None else int(self._rng.geometric(1 / self._mean))

    def tick(self) -> None:
        """Count one boundary; raise Crash or OSError when it is the chosen one."""
        self._left -= 1
        if self._left == 0:
            self._left = self._draw()
            if self._rng is not None and self._rng.random() < self._refused_share:
                self.refusals += 1
                raise OSError(errno.EIO, "the simulated disk says no")
            self.crashes += 1
            raise Crash


class SimulatedSystem:
    """One installation with one store, fed by arrivals."""

    def __init__(
        self,
        shop: Shop,
        seed: int,
        *,
        crash_every: int | None = None,
        refused_share: float = 0.0,
        partitions: int = 1,
    ) -> None:
        self.store = Store(
            store_id=StoreId(shop.profile.domain),
            currency=shop.profile.currency,
            timezone=shop.profile.season.timezone,
            added_us=0,
        )
        rng = np.random.default_rng([seed, 1])
        # The same entropy for every system of a seed: pseudonyms can be compared across them.
        self.keys = MemoryKeys(rng.bytes)
        self.nonces = np.random.default_rng([seed, 2]).bytes
        self.keys.store_key(self.store.store_id)
        self.stores, self.secrets = MemoryStores(), MemorySecrets()
        self.stores.put(self.store)
        self.secrets.add(self.store.store_id, SECRET)
        self.log, self.ledger = MemoryLog("web-0"), MemoryLedger()
        # Each web process writes a partition of its own and does not ask the others.
        self.logs = [
            self.log,
            *(MemoryLog(f"web-{n}", beside=self.log) for n in range(1, partitions)),
        ]
        self.online, self.offline = MemoryOnlineStore(), MemoryOfflineStore()
        self.requests = MemoryPrivacyRequests()
        self.clock = SimulatedClock(shop.start_us)
        self.accepted: set[str] = set()
        self.answered: dict[str, bytes | None] = {}
        """Delivery id of everything that was answered 200, with its content key."""
        crash_rng = np.random.default_rng([seed, 3]) if crash_every else None
        self.countdown = Countdown(crash_rng, crash_every or 1, refused_share)
        self.restart()

    def restart(self) -> None:
        """Make the pipelines anew over what the ports hold."""

        def port(real: Any) -> Any:
            return Crashing(real, self.countdown)

        self.intakes = [
            Intake(port(log), port(self.keys), self.clock, self.nonces) for log in self.logs
        ]
        self.intake = self.intakes[0]
        self.materializer = Materializer(
            log=port(self.log),
            keys=port(self.keys),
            stores=self.stores,
            ledger=port(self.ledger),
            feed=port(self.ledger),
            online=port(self.online),
            requests=port(self.requests),
            clock=self.clock,
        )
        self.archiver = Archiver(
            feed=port(self.ledger),
            history=port(self.ledger),
            stores=self.stores,
            offline=port(self.offline),
        )

    def feed(self, arrivals: Sequence[Arrival], *, batch: int) -> None:
        """Let webhooks arrive; Shopify sends again what was not answered."""
        for start in range(0, len(arrivals), batch):
            waiting = arrivals[start : start + batch]
            self.clock.set(waiting[-1].received_us)
            for _ in range(STEPS_MAX):
                try:
                    self._receive(waiting)
                    break
                except Crash:
                    self.restart()
            if start // batch % 3 == 0:
                self.settle(steps=1)

    def receive(self, arrivals: Sequence[Arrival], *, web: int = 0) -> None:
        """Let one web process take webhooks; Shopify sends again what was not answered."""
        for _ in range(STEPS_MAX):
            try:
                self._receive(arrivals, web)
                return
            except Crash:
                self.restart()
            except OSError:
                continue  # answered 503; the same process takes it when it is sent again

    def _receive(self, arrivals: Sequence[Arrival], web: int = 0) -> None:
        events: list[Event] = []
        for arrival in arrivals:
            verdict = self.intakes[web].receive(self.delivery(arrival), self.secrets.of)
            assert not isinstance(verdict, Rejection), verdict
            events.append(verdict)
        self.intakes[web].accept(events)
        self.accepted |= {arrival.webhook.webhook_id for arrival in arrivals}
        for one in events:
            self.answered[one.delivery_id] = content_key(
                one.store_id, one.topic, one.event_id, one.body
            )

    def delivery(self, arrival: Arrival) -> Delivery:
        """Return the request that Shopify would send."""
        webhook = arrival.webhook
        headers = {
            "x-shopify-topic": webhook.topic,
            "x-shopify-hmac-sha256": sign(SECRET, webhook.body),
            "x-shopify-shop-domain": self.store.store_id,
            "x-shopify-api-version": webhook.api_version,
            "x-shopify-webhook-id": webhook.webhook_id,
            "x-shopify-event-id": webhook.event_id,
            "x-shopify-triggered-at": iso(webhook.triggered_us),
        }
        return Delivery(
            headers=tuple(headers.items()), body=webhook.body, received_us=arrival.received_us
        )

    def settle(self, *, steps: int = STEPS_MAX, batch: int = 200) -> None:
        """Work until nothing is left to do, or for some steps; crashes are survived."""
        for _ in range(steps):
            try:
                self.materializer.repair_online()
                taken = self.materializer.step(batch).records
                written = self.archiver.step()
            except (Crash, OSError):
                self.restart()
                continue
            if not taken and not written:
                return

    def pseudonym(self, customer_id: str) -> Pseudonym:
        """Return how this installation speaks of a customer."""
        return StoreKeys(self.keys).pseudonymiser(self.store.store_id)("customer", customer_id)
