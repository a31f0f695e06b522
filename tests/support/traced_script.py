"""A fixed story of fifty webhooks through the real adapters, in a process that may be killed.

Run as a program it is a nursery: it imports everything once and forks a child for each line that
it reads, so that a child is ready in milliseconds. A child waits for SIGUSR1, which gives a tracer
the time to attach. The story goes on from what was acknowledged before, as Shopify would.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from msgspec import Struct

from shopwright.adapters import sqlite_file
from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.adapters.ledger_feed_sqlite import SqliteLedgerFeed
from shopwright.adapters.ledger_sqlite import SqliteLedger
from shopwright.adapters.log_sqlite import SqliteLog
from shopwright.adapters.memory_privacy import MemoryPrivacyRequests
from shopwright.adapters.offline_duckdb import DuckDbOfflineStore
from shopwright.adapters.online_lmdb import LmdbOnlineStore
from shopwright.adapters.sqlite_database import Database
from shopwright.adapters.stores_sqlite import SqliteStores
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, SimulatedClock, iso
from shopwright.core.types.event import Delivery, Event
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import LedgerChanges
from shopwright.core.types.store import Store
from shopwright.events.webhook import Rejection, sign
from shopwright.pipelines.archive import Archiver
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.materialize import Materializer
from shopwright.simulator.faults import Arrival, Faults, deliver
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store

T = TypeVar("T")

WEBHOOKS = 50
BATCH = 5
TRIES_MAX = 50
SECRET = b"hush"
MASTER_KEY = bytes(range(32))
MIDNIGHT_US = 20_780 * US_PER_DAY
CHECKPOINT_PAGES = 60
"""The story is short, so write-ahead logs are copied back early enough to be part of it."""
TINY = Scale(customers=40, days=120, fulfilment_told_share=0.4)
ROAD = Faults(dropped_share=0.0, repeated_share=0.15, subscribed_twice_share=0.1)


class Order(Struct, frozen=True, kw_only=True):
    """What one child is to do."""

    home: str
    acknowledged: str
    """A file outside the data folder, with one line for each webhook that was answered 200."""
    seed: int
    life: int = 0
    """How many processes lived here before: another life draws other keys and nonces."""
    mutant: str = ""


@cache
def shop_of(seed: int) -> Shop:
    """Return the shop that the seed opens."""
    return open_store(PROFILES[seed % len(PROFILES)], MIDNIGHT_US, seed, TINY)


@cache
def story(seed: int) -> tuple[Arrival, ...]:
    """Return the webhooks of a seed: repeated, out of order, on both sides of a midnight."""
    webhooks = [*shop_of(seed).webhooks()]
    goods = [webhook for webhook in webhooks if webhook.topic.startswith("products/")][:4]
    others = [webhook for webhook in webhooks if not webhook.topic.startswith("products/")]
    first = int(np.random.default_rng([seed, 8]).integers(len(others) - WEBHOOKS))
    some = goods + others[first : first + WEBHOOKS]
    arrivals = deliver(some, ROAD, np.random.default_rng([seed, 9]))[:WEBHOOKS]
    start_us = MIDNIGHT_US - WEBHOOKS // 2 * US_PER_SECOND
    return tuple(
        Arrival(received_us=start_us + n * US_PER_SECOND, webhook=arrival.webhook)
        for n, arrival in enumerate(arrivals)
    )


def store_of(seed: int) -> Store:
    """Return the store whose webhooks these are."""
    profile = shop_of(seed).profile
    return Store(
        store_id=StoreId(profile.domain),
        currency=profile.currency,
        timezone=profile.season.timezone,
        added_us=1,
    )


class Installation:
    """Every durable engine of the first mile, open in one data folder."""

    def __init__(self, home: Path, seed: int, life: int) -> None:
        chance = np.random.default_rng([seed, 2, life])
        self.store = store_of(seed)
        self.stores = SqliteStores(home / "control.db")
        self.stores.put(self.store)
        self.keys = SqliteKeys(home / "keys.db", MASTER_KEY, entropy=chance.bytes)
        self.log = SqliteLog(home / "log", "web-0")
        self.ledger = SqliteLedger(home / "ledger" / "00.sqlite")
        self.feed = SqliteLedgerFeed(home / "ledger" / "00.sqlite")
        self.online = LmdbOnlineStore(home / "online.lmdb", map_bytes=1 << 20)
        self.offline = DuckDbOfflineStore(home / "offline")
        clock = SimulatedClock(MIDNIGHT_US + US_PER_DAY)
        self.intake = Intake(self.log, self.keys, clock, chance.bytes)
        self.materializer = Materializer(
            log=self.log,
            keys=self.keys,
            stores=self.stores,
            ledger=self.ledger,
            feed=self.feed,
            online=self.online,
            requests=MemoryPrivacyRequests(),
            clock=clock,
        )
        self.archiver = Archiver(
            feed=self.feed, history=self.feed, stores=self.stores, offline=self.offline
        )

    def settle(self) -> None:
        """Work until nothing is left to do."""
        while self.materializer.step(200).records:
            pass
        while self.archiver.step():
            pass

    def close(self) -> None:
        """Close every file, as a process that stops in good order."""
        for part in (self.online, self.feed, self.ledger, self.log, self.keys, self.stores):
            getattr(part, "close", lambda: None)()


def event_of(installation: Installation, arrival: Arrival) -> Event:
    """Return the verified event of one delivery."""
    webhook = arrival.webhook
    headers = {
        "x-shopify-topic": webhook.topic,
        "x-shopify-hmac-sha256": sign(SECRET, webhook.body),
        "x-shopify-shop-domain": installation.store.store_id,
        "x-shopify-api-version": webhook.api_version,
        "x-shopify-webhook-id": webhook.webhook_id,
        "x-shopify-event-id": webhook.event_id,
        "x-shopify-triggered-at": iso(webhook.triggered_us),
    }
    delivery = Delivery(
        headers=tuple(headers.items()), body=webhook.body, received_us=arrival.received_us
    )
    verdict = installation.intake.receive(delivery, lambda _shop: (SECRET,))
    assert not isinstance(verdict, Rejection), verdict
    return verdict


def acknowledged_in(path: Path) -> set[int]:
    """Return the numbers of the webhooks that were answered 200."""
    return {int(line) for line in path.read_bytes().splitlines()} if path.exists() else set()


def live(order: Order) -> None:
    """Tell the story from where it stands, to its end."""
    usual, sqlite_file.CHECKPOINT_PAGES = sqlite_file.CHECKPOINT_PAGES, CHECKPOINT_PAGES
    answers = os.open(order.acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        installation = _despite_errors(
            lambda: Installation(Path(order.home), order.seed, order.life)
        )
        _tell(order, installation, answers)
        installation.close()
    finally:
        os.close(answers)
        sqlite_file.CHECKPOINT_PAGES = usual


def _tell(order: Order, installation: Installation, answers: int) -> None:
    _despite_errors(installation.materializer.repair_online)
    done = acknowledged_in(Path(order.acknowledged))
    for number, start in enumerate(range(0, WEBHOOKS, BATCH)):
        waiting = [n for n in range(start, start + BATCH) if n not in done]
        told = b"".join(b"%d\n" % n for n in waiting)
        if order.mutant == "answers-first":
            os.write(answers, told)
        if waiting:
            events = [event_of(installation, story(order.seed)[n]) for n in waiting]
            accept = partial(installation.intake.accept, events)
            if order.mutant == "believes-errors":
                with suppress(OSError):
                    accept()
            else:
                _despite_errors(accept)
        if order.mutant != "answers-first" and waiting:
            os.write(answers, told)
        if number % 2:
            _despite_errors(partial(installation.materializer.step, 200))
        if number % 4 == 3:
            _despite_errors(installation.archiver.step)
    _despite_errors(installation.settle)


def _despite_errors(work: Callable[[], T]) -> T:
    """Try again after an error of the disk, as the sender of a 503 does, and the supervisor."""
    for _ in range(TRIES_MAX):
        try:
            return work()
        except OSError as error:
            told = error
    raise told


def _mutate(mutant: str) -> None:
    """Break the program on purpose, so that the proofs can show that they notice."""
    if mutant == "no-sync":
        opened = Database.__init__

        def unsafe(self: Any, path: Path, connection: Any, *more: Any) -> None:
            opened(self, path, connection, *more)
            connection.execute("PRAGMA synchronous = OFF")

        Database.__init__ = unsafe  # type: ignore[method-assign]
    elif mutant == "no-folder-sync":
        os.fsync = lambda _handle: None  # type: ignore[assignment]
    elif mutant == "position-first":
        commit = SqliteLedger.commit

        def in_two_steps(self: SqliteLedger, changes: LedgerChanges) -> int:
            nothing = LedgerChanges(
                tellings={},
                orders={},
                products={},
                records=(),
                dead_letters=(),
                through=changes.through,
            )
            commit(self, nothing)
            return commit(self, changes)

        SqliteLedger.commit = in_two_steps  # type: ignore[method-assign]


def nurse() -> None:
    """Fork a child for each order that is read; say its process id, and later how it ended."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    for line in sys.stdin:
        order = Order(**json.loads(line))
        story(order.seed)
        pid = os.fork()
        if pid == 0:
            signal.sigwait({signal.SIGUSR1})
            _mutate(order.mutant)
            live(order)
            os._exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    nurse()
