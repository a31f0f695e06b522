"""The simulated installation with erasures: a chore of its owner that may die anywhere too."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from simulated_system import Crash, Crashing, SimulatedSystem

from shopwright.adapters.memory_control import MemoryDecisions
from shopwright.adapters.memory_log import MemoryLog
from shopwright.adapters.memory_privacy import MemorySigningKey
from shopwright.adapters.memory_registry import MemoryRegistry
from shopwright.core.types.identity import ModelVersion, Pseudonym
from shopwright.core.types.log import Position
from shopwright.events.erased import PARTITION
from shopwright.pipelines.erase import Eraser
from shopwright.pipelines.erase_copies import Copies
from shopwright.pipelines.erase_models import CondemnedModels
from shopwright.pipelines.unseal import Unsealer
from shopwright.simulator.faults import Arrival
from shopwright.simulator.shop import Shop
from shopwright.simulator.webhook import SimulatedWebhook, identifier

SETTLE_SECONDS = 30
ROUNDS_MAX = 10_000


class NoModels:
    """A removal for a registry that holds none."""

    def remove(self, version: ModelVersion) -> bool:
        """Remove nothing."""
        return False


class ErasingSystem(SimulatedSystem):
    """One installation whose owner also erases."""

    def __init__(self, shop: Shop, seed: int, *, crash_every: int | None = None) -> None:
        self.decisions, self.registry = MemoryDecisions(), MemoryRegistry()
        self.removal: Any = NoModels()
        self.signing_key = MemorySigningKey(np.random.default_rng([seed, 4]).bytes)
        self.erasures: MemoryLog | None = None
        super().__init__(shop, seed, crash_every=crash_every)

    def restart(self) -> None:
        """Make the pipelines anew, the eraser too."""
        super().restart()
        if self.erasures is None:
            self.erasures = MemoryLog(PARTITION, beside=self.log)

        def port(real: Any) -> Any:
            return Crashing(real, self.countdown)

        copies = Copies(
            requests=port(self.requests),
            log=port(self.log),
            erasures=port(self.erasures),
            keys=port(self.keys),
            ledger=port(self.ledger),
            online=port(self.online),
            offline=port(self.offline),
            models=CondemnedModels(
                registry=port(self.registry),
                removal=port(self.removal),
                decisions=port(self.decisions),
                clock=self.clock,
                tasks=("propensity",),
            ),
            secrets=port(self.secrets),
            stores=port(self.stores),
            materializer=self.materializer,
            archiver=self.archiver,
            signing_key=self.signing_key.private,
            nonces=self.nonces,
        )
        self.eraser = Eraser(
            copies, clock=self.clock, settle_seconds=SETTLE_SECONDS, models_days_max=7
        )

    def settle(self, *, steps: int = ROUNDS_MAX, batch: int = 200) -> None:
        """Work as the owner does: a batch, a copy, a chore; crashes are survived."""
        for _ in range(steps):
            try:
                self.materializer.repair_online()
                taken = self.materializer.step(batch).records
                written = self.archiver.step()
                erased = self.eraser.step()
            except Crash:
                self.restart()
                continue
            if not taken and not written and not erased:
                return

    def finish_erasures(self) -> None:
        """Let time go by until every erasure has its receipt."""
        for _ in range(ROUNDS_MAX):
            self.settle()
            waiting = [r for r, _ in self.requests.open() if r.kind != "report"]
            if not waiting:
                return
            self.clock.sleep(SETTLE_SECONDS / 2)
        raise AssertionError("an erasure never ended")

    def bodies(self) -> Iterator[bytes]:
        """Yield every body in the log that can still be opened by anybody who has the keys."""
        unsealer = Unsealer(self.keys, self.stores)
        for record in self.log.read(Position({}), 10_000_000):
            yield unsealer.open(record)

    def leaves(self) -> Iterator[bytes]:
        """Yield every text and every run of bytes that lies in any port, sealed ones as they are.

        What MemoryKeys keeps as tombstones stays out: in the real one they are keyed hashes.
        """
        offline = vars(self.offline)
        keys = {name: of for name, of in vars(self.keys).items() if name != "_tombstones"}
        records = self.log.read(Position({}), 10_000_000)
        ports = (vars(self.ledger), vars(self.online), offline, keys, vars(self.requests), records)
        return _leaves((*ports, self.decisions.of(None, None)))


def leaves_of(port: Any) -> Iterator[bytes]:
    """Yield every text and every run of bytes that lies in one port."""
    return _leaves(vars(port))


def _leaves(found: Any) -> Iterator[bytes]:
    if isinstance(found, bytes):
        yield found
    elif isinstance(found, str):
        yield found.encode()
    elif isinstance(found, dict):
        for key, of in found.items():
            yield from _leaves(key)
            yield from _leaves(of)
    elif isinstance(found, list | tuple | set | frozenset):
        for one in found:
            yield from _leaves(one)
    elif isinstance(found, msgspec.Struct):
        yield from _leaves(msgspec.structs.astuple(found))
    elif hasattr(found, "__dict__"):
        yield from _leaves(vars(found))


def redact(
    system: SimulatedSystem, at_us: int, number: str, person: dict[str, Any], orders: Sequence[int]
) -> Arrival:
    """Return the webhook with which the shop asks for an erasure."""
    body = {
        "shop_id": 954889,
        "shop_domain": system.store.store_id,
        "customer": person,
        "orders_to_redact": list(orders),
    }
    webhook = SimulatedWebhook(
        topic="customers/redact",
        body=json.dumps(body).encode(),
        triggered_us=at_us,
        webhook_id=identifier("redact", number),
        event_id=identifier("redact event", number),
    )
    return Arrival(received_us=at_us, webhook=webhook)


def holds(leaves: Sequence[bytes], who: Pseudonym) -> bool:
    """Say whether a pseudonym stands anywhere, as bytes or in hex."""
    return any(who in leaf or who.hex().encode() in leaf for leaf in leaves)
