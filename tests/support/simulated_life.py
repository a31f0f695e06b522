"""A deterministic simulation: one process, a simulated clock, and a seed that decides everything.

The real pipelines run over ports in memory. Between any two calls of a port the process may die, or
the disk refuse a call or lose what it may lose; in between, web processes and worker take turns in
an order that is drawn, and the clock is moved as clocks are. What must always hold is checked on
the way. Equal seeds live equal lives.
"""

import hashlib
from collections import Counter, deque
from copy import deepcopy

import numpy as np
from msgspec import structs
from rough_road import in_order, rough
from simulated_system import Crash, SimulatedSystem
from system_state import (
    EVERYTHING,
    accounts,
    check_dead_letters,
    check_log,
    check_no_personal_text,
    check_parity,
    state,
)

from shopwright.adapters.memory_online import MemoryOnlineStore
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.types.log import Position
from shopwright.simulator.faults import Arrival
from shopwright.simulator.shop import Shop
from shopwright.simulator.webhook import SimulatedWebhook, identifier

POISONS = (
    b"",
    b"{",
    b"null",
    b'{"id":null}',
    b"\xff\xfe",
    b"[" * 5_000,
    b'{"id":1e999}',
    b'{"id":"\\ud800"}',
    b'{"id":"gid://shopify/Order/x"}',
)
HOUR_US = 3_600 * US_PER_SECOND
ACTS = {
    "receive": 0.43,
    "work": 0.29,
    "archive": 0.1,
    "die": 0.05,
    "power": 0.03,
    "clock": 0.05,
    "look": 0.05,
}
"""What may happen next, and how often it does."""
REFUSED_SHARE = 0.3
COPIES_KEPT = 5


class SimulatedLife:
    """One installation from its first webhook until nothing is left to do."""

    def __init__(self, shop: Shop, webhooks: list[SimulatedWebhook], seed: int) -> None:
        self._rng = np.random.default_rng([seed, 23])
        self._shop, self._webhooks, self._seed = shop, webhooks, seed
        self.system = SimulatedSystem(
            shop,
            seed,
            crash_every=int(self._rng.integers(20, 80)),
            refused_share=REFUSED_SHARE,
            partitions=int(self._rng.integers(1, 4)),
        )
        self._poisoned: set[str] = set()
        self._through: dict[str, int] = {}
        self._copies: deque[MemoryOnlineStore] = deque(maxlen=COPIES_KEPT)
        self._trace = hashlib.sha256()
        self._skew_us = 0
        self.did: Counter[str] = Counter()
        self.texts = [text.encode() for text in shop.personal_texts() if len(text) > 5]

    def live(self) -> str:
        """Live the whole life; return its fingerprint. Raises AssertionError."""
        waiting = self._arrivals()
        while waiting:
            act = str(self._rng.choice(list(ACTS), p=list(ACTS.values())))
            self.did[act] += 1
            if act == "receive":
                waiting = self._receive(waiting)
            else:
                getattr(self, f"_{act}")()
            self._check_progress()
            self._note(act)
            self._copies.append(deepcopy(self.system.online))
        self.system.settle(batch=int(self._rng.integers(1, 80)))
        self._look()
        self._check_end()
        return self._trace.hexdigest()

    def _arrivals(self) -> list[Arrival]:
        arrivals = rough(self._webhooks, self._rng)
        for number, poison in enumerate(POISONS):
            place = int(self._rng.integers(len(arrivals)))
            like = arrivals[place]
            name = f"poison-{number}"
            self._poisoned.add(name)
            webhook = structs.replace(
                like.webhook, topic="orders/updated", body=poison, webhook_id=name, event_id=name
            )
            arrivals.insert(place, structs.replace(like, webhook=webhook))
        return arrivals

    def _receive(self, waiting: list[Arrival]) -> list[Arrival]:
        count = int(self._rng.integers(1, 24))
        now_us = max(self.system.clock.now_us(), waiting[0].received_us + self._skew_us)
        self.system.clock.set(now_us)
        taken = [structs.replace(one, received_us=now_us) for one in waiting[:count]]
        self.system.receive(taken, web=int(self._rng.integers(len(self.system.logs))))
        return waiting[count:]

    def _work(self) -> None:
        self.system.settle(
            steps=int(self._rng.integers(1, 4)), batch=int(self._rng.integers(1, 40))
        )

    def _archive(self) -> None:
        try:
            self.system.archiver.step()
        except (Crash, OSError):
            self.system.restart()

    def _die(self) -> None:
        self.system.restart()

    def _power(self) -> None:
        """Cut the power: the read copy, alone of all, may be what it was some acts ago."""
        if self._copies:
            kept = self._copies[int(self._rng.integers(len(self._copies)))]
            self.system.online = deepcopy(kept)
        self.system.restart()

    def _clock(self) -> None:
        """Step forward or back by up to two hours."""
        self._skew_us = int(self._rng.integers(-2 * HOUR_US, 2 * HOUR_US))
        self.system.clock.set(self.system.clock.now_us() + self._skew_us)

    def _look(self) -> None:
        """Bring the copies up to date, and compare them with each other and a straight road."""
        self.system.settle(batch=200)
        check_log(self.system)
        as_of_us = self._shop.end_us + int(self._rng.integers(3, 90)) * US_PER_DAY
        check_parity(self.system, accounts(self._shop, self.system), as_of_us)
        self._check_state(as_of_us)

    def _check_progress(self) -> None:
        """The ledger's position only ever grows: nothing is taken twice, nothing skipped (P2)."""
        through = dict(self.system.ledger.through())
        for partition, offset in self._through.items():
            assert through[partition] >= offset, f"{partition} went back"
        self._through = through

    def _check_end(self) -> None:
        """At the end everything that was sent was answered, and nothing else is left."""
        sent = {one.webhook_id for one in self._webhooks} | self._poisoned
        assert sent <= self.system.answered.keys(), "something was never answered"
        check_dead_letters(self.system, self._poisoned)
        check_no_personal_text(self.system, self.texts)

    def _check_state(self, as_of_us: int) -> None:
        """What is in the log counts once, in the order of the shop (P2, P3)."""
        there = {one.event.delivery_id for one in self.system.log.read(Position({}), EVERYTHING)}
        told = [
            one
            for one in self._webhooks
            if not there.isdisjoint({one.webhook_id, identifier("twin", one.webhook_id)})
        ]
        straight = SimulatedSystem(self._shop, self._seed)
        straight.feed(in_order(told), batch=1_000)
        straight.settle(batch=1_000)
        found = state(self._shop, self.system, as_of_us)
        assert found == state(self._shop, straight, as_of_us), "it differs from a straight road"
        self._note(repr(found))

    def _note(self, what: str) -> None:
        calls = self.system.countdown.trace.hexdigest()
        told = (what, self.system.clock.now_us(), sorted(self._through.items()), calls)
        self._trace.update(repr(told).encode())
