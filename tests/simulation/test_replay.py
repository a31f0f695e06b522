"""A ledger built again from the log is the living one, whatever life that one has had.

Webhooks on a faulty road, bodies that a bug could not read, redrives, erasures, deaths between any
two port calls, also in the rebuild and in the copies that follow it. A failure names its seed; run
it again with ``-k "seed-N"``.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from counts import cases
from erasing_system import ErasingSystem, redact
from msgspec.structs import replace
from simulated_system import Crash, Crashing

from shopwright.adapters.memory_ledger import MemoryLedger
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.errors import Unreadable
from shopwright.core.money import minor_per_major
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Document, LedgerChanges
from shopwright.core.types.log import Position
from shopwright.core.types.revision import next_generation
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import evaluate
from shopwright.pipelines import unseal
from shopwright.pipelines.digest import features_digest, history_digest, ledger_digest
from shopwright.pipelines.redrive import Redriver
from shopwright.pipelines.replay import Rebuild, differences
from shopwright.simulator.faults import Faults, deliver
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import PROFILES, open_store

END_US = 1_795_000_000 * US_PER_SECOND
AS_OF_US = END_US + 5 * US_PER_DAY
TINY = Scale(customers=25, days=90, fulfilment_told_share=0.2)
ROAD = Faults(dropped_share=0.0)
CRASH_EVERY = 40
every_seed = pytest.mark.parametrize("seed", range(cases(4, 80)), ids=lambda seed: f"seed-{seed}")


@contextmanager
def buggy(share: float, seed: int) -> Iterator[None]:
    """Let a share of the bodies be unreadable, the same ones whenever they are read."""
    real = unseal.read

    def read(topic: str, body: bytes, *rest: Any, **more: Any) -> Any:
        if random.Random(f"{seed} {body!r}").random() < share:
            raise Unreadable("a bug of this version")
        return real(topic, body, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unseal, "read", read)
        yield


class Life:
    """One installation: traffic, a bug and its end, redrives, and erasures in the middle."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = np.random.default_rng([seed, 21])
        self.shop = open_store(PROFILES[seed % len(PROFILES)], END_US, seed, TINY)
        self.system = ErasingSystem(self.shop, seed, crash_every=CRASH_EVERY)
        self.arrivals = deliver(self.shop.webhooks(), ROAD, np.random.default_rng([seed, 9]))
        self.redriven = 0

    def live(self) -> ErasingSystem:
        """Let everything happen; return what is left of it."""
        half, later = len(self.arrivals) // 2, 3 * len(self.arrivals) // 4
        system = self.system
        with buggy(0.3, self.seed):
            system.feed(self.arrivals[:half], batch=16)
            system.settle()
            self.erase()
            self.redrive(share=0.5)  # the bug is still there: they only fail once more
        system.feed(self.arrivals[half:later], batch=16)
        self.redrive(share=0.5)
        self.erase()
        system.finish_erasures()
        system.feed(self.arrivals[later:], batch=16)
        self.redrive(share=1.0)
        system.settle()
        return system

    def erase(self) -> None:
        """Let the shop ask for the erasure of somebody."""
        customers = self.shop.customers()
        chosen = customers[int(self.rng.integers(len(customers)))]
        now_us = self.system.clock.now_us()
        asked = redact(self.system, now_us, f"{self.seed} {chosen}", {"id": int(chosen)}, [])
        self.system.feed([asked], batch=1)

    def redrive(self, share: float) -> None:
        """Read some of the dead letters again, in any order; a death leaves them for later."""
        system = self.system
        letters = list(system.ledger.dead_letters(10_000))
        self.rng.shuffle(letters)  # type: ignore[arg-type]
        letters = letters[: round(share * len(letters))]
        while letters:
            redriver = Redriver(
                system.materializer,
                log=Crashing(system.log, system.countdown),
                keys=Crashing(system.keys, system.countdown),
                stores=system.stores,
                ledger=Crashing(system.ledger, system.countdown),
                clock=system.clock,
            )
            try:
                self.redriven += redriver.step(letters[:5]).read
                letters = letters[5:]
            except Crash:
                system.restart()
                system.settle(steps=1)


def rebuilt(system: ErasingSystem, end: Position, batch: int) -> MemoryLedger:
    """Build the ledger again, in a process that dies now and then."""
    ledger = MemoryLedger()
    ledger._revision = next_generation(system.ledger.revision())

    def rebuild() -> Rebuild:
        return Rebuild(
            log=Crashing(system.log, system.countdown),
            keys=Crashing(system.keys, system.countdown),
            stores=system.stores,
            ledger=Crashing(ledger, system.countdown),
            clock=system.clock,
        )

    running = rebuild()
    while True:
        try:
            if not running.step(batch, end):
                return ledger
        except Crash:
            running = rebuild()


def features_of(system: ErasingSystem, ledger: MemoryLedger) -> str:
    units = {system.store.store_id: minor_per_major(system.store.currency)}
    return features_digest(ledger, CUSTOMER, AS_OF_US, units)


@every_seed
def test_a_replay_rebuilds_the_ledger_that_lived(seed: int) -> None:
    """P2: tellings, versions and features, after bugs, redrives, erasures and deaths."""
    life = Life(seed)
    system = life.live()
    assert life.redriven > 10
    assert system.countdown.crashes > 20
    assert not system.ledger.dead_letters(1)
    again = rebuilt(system, system.ledger.through(), batch=1 + seed * 17 % 60)
    assert differences(system.ledger, again) == []
    assert ledger_digest(again) == ledger_digest(system.ledger)
    assert features_of(system, again) == features_of(system, system.ledger)


@every_seed
def test_a_replay_stops_exactly_where_the_living_ledger_stood(seed: int) -> None:
    """The log goes on: what lies beyond the position is not told again."""
    life = Life(seed)
    third = len(life.arrivals) // 3
    life.system.feed(life.arrivals[:third], batch=16)
    life.system.settle()
    end = life.system.ledger.through()
    before = ledger_digest(life.system.ledger)
    features = features_of(life.system, life.system.ledger)
    life.system.feed(life.arrivals[third:], batch=16)
    life.system.settle()
    again = rebuilt(life.system, end, batch=7)
    assert again.through() == end
    assert ledger_digest(again) == before != ledger_digest(life.system.ledger)
    assert features_of(life.system, again) == features


@every_seed
def test_the_copies_follow_an_adopted_ledger(seed: int) -> None:
    """What only the old ledger knew leaves online store and history; deaths may come anywhere."""
    life = Life(seed)
    system = life.live()
    ghost = Pseudonym(b"a ghost, 16 byte")
    online = read_online(system)
    copied = history_digest(system.offline, [system.store.store_id])
    haunt(system, ghost)
    assert system.online.read(system.store.store_id, CUSTOMER.name, [ghost])
    assert history_digest(system.offline, [system.store.store_id]) != copied
    system.ledger = rebuilt(system, system.log.end(), batch=50)
    system.restart()
    system.settle()
    assert history_digest(system.offline, [system.store.store_id]) == copied
    assert not system.online.read(system.store.store_id, CUSTOMER.name, [ghost])
    assert read_online(system).keys() == online.keys()
    assert system.online.through() == system.offline.through() == system.ledger.revision()
    units = minor_per_major(system.store.currency)
    for who, state in read_online(system).items():
        was = evaluate(CUSTOMER, online[who], AS_OF_US, units)
        assert evaluate(CUSTOMER, state, AS_OF_US, units) == was


def read_online(system: ErasingSystem) -> dict[Pseudonym, bytes]:
    page = system.online.page(system.store.store_id, CUSTOMER.name, None, 100_000)
    return {record.entity: record.state for record in page}


def haunt(system: ErasingSystem, ghost: Pseudonym) -> None:
    """Give the living ledger an order of somebody of whom the log says nothing."""
    document, chain = next(one for one in system.ledger._orders.items() if one[1])
    order = Pseudonym(b"an order from no")
    haunted = [
        replace(version, order=order, customer=ghost, occurred_us=1_000_000) for version in chain
    ]
    record = replace(next(iter(system.ledger._records.values())), entity=ghost)
    system.ledger.commit(
        LedgerChanges(
            tellings={},
            orders={Document(document.store_id, "order", order): haunted},
            products={},
            records=[record],
            dead_letters=[],
            through=system.ledger.through(),
        )
    )
    system.settle()
