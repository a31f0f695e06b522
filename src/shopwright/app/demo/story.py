"""The demo, chapter by chapter: shops open, webhooks arrive, models train, the console lives."""

import secrets as chance
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import chain

import msgspec
from msgspec import Struct

from shopwright.app.bootstrap import (
    open_decisions,
    open_keys,
    open_offline,
    open_registry,
    open_secrets,
    open_stores,
)
from shopwright.app.catch_up import catch_up
from shopwright.app.child import PROGRAM
from shopwright.app.demo.deliver import Delivered, Sender, deliver_all
from shopwright.app.demo.judge import Judged, judge
from shopwright.app.demo.shop_server import shop_server
from shopwright.app.demo.shops import SimulatedShops
from shopwright.app.demo.simple_rule import simple_rule
from shopwright.app.lock import holder
from shopwright.app.master_key import KEY_BYTES, write_master_key
from shopwright.app.settings import Settings, child_environment
from shopwright.app.supervisor import check_port
from shopwright.core.clock import Clock
from shopwright.core.errors import Busy, NotReady
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.pipelines.train import training_set
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store
from shopwright.simulator.webhook import SimulatedWebhook
from shopwright.training.tasks import PROPENSITY

CONNECTIONS = 24
"""More in flight share each sync of the disk; the order of arrival is not that of the shop."""

READY_SECONDS_MAX = 60
MARKER = "made-by-shopwright-demo"

Tell = Callable[[str, int, int | None], None]
"""(what is being done, units done, units in all) for a progress bar."""


class StoreResult(Struct, frozen=True, kw_only=True):
    """What happened to one store."""

    store: Store
    webhooks: int
    customers: int
    decision: Decision | None
    """None when there was too little to train on."""
    refused: str | None
    judged: Judged | None


class Result(Struct, frozen=True, kw_only=True):
    """What the demo did."""

    settings: Settings
    delivered: Delivered
    stores: Sequence[StoreResult]
    example: tuple[StoreId, str]
    """A store and a customer's id to try things with."""
    secret: bytes
    """The example store's webhook secret."""


class Chapter(Struct, frozen=True, kw_only=True):
    """What every chapter is given."""

    settings: Settings
    clock: Clock
    seed: int
    scale: str
    tell: Tell


def prepare_home(settings: Settings) -> None:
    """Empty the demo's folder.

    Raises Busy while another demo runs on it or its port is taken, NotReady for a folder that the
    demo did not make.
    """
    home = settings.home
    pid = holder(settings.run_folder / "up.lock")
    if pid is not None:
        raise Busy(f"{home}: a demo runs on this folder (process {pid}); stop it first")
    check_port(settings)
    if home.exists() and any(home.iterdir()) and not (home / MARKER).exists():
        raise NotReady(f"{home}: this folder is not the demo's; choose another one with --home")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / MARKER).touch()


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def demo(chapter: Chapter, shop_port: int) -> Iterator[Result]:
    """Run the whole demo; the console and the shops stay up for the length of the block."""
    settings = chapter.settings
    write_master_key(settings, chance.token_bytes(KEY_BYTES))
    store_secrets = add_stores(settings, chapter.clock)
    with ExitStack() as running:
        running.enter_context(system(chapter))
        opened = open_shops(chapter)

        def open_sender() -> Sender:
            return Sender(settings.host, settings.port, store_secrets, chapter.clock)

        counts = {shop.profile.domain: 0 for shop in opened}
        delivered = deliver(chapter, opened, open_sender, counts)
        chapter.tell("features and history", 0, 1)
        catch_up(settings, clock=chapter.clock)
        chapter.tell("features and history", 1, 1)
        keys = StoreKeys(open_keys(settings))
        shops = SimulatedShops(
            opened,
            {store_id: keys.pseudonymiser(store_id) for store_id in map(StoreId, counts)},
            open_sender,
            chapter.clock,
            chapter.seed,
        )
        stores = train_all(chapter, shops, counts)
        shops.baseline = simple_rule(settings, [result.store for result in stores])
        running.enter_context(shop_server(shops, shop_port))
        first = StoreId(opened[0].profile.domain)
        yield Result(
            settings=settings,
            delivered=delivered,
            stores=stores,
            example=(first, shops.first_customer(first)[0]),
            secret=store_secrets[first],
        )


def add_stores(settings: Settings, clock: Clock) -> Mapping[str, bytes]:
    """Add the three stores, each with a secret of its own."""
    stores, secrets = open_stores(settings), open_secrets(settings)
    made: dict[str, bytes] = {}
    for profile in PROFILES:
        store_id = StoreId(profile.domain)
        stores.put(
            Store(
                store_id=store_id,
                currency=profile.currency,
                timezone=profile.season.timezone,
                added_us=clock.now_us(),
            )
        )
        made[store_id] = chance.token_hex(16).encode()
        secrets.add(store_id, made[store_id])
    return made


@contextmanager
def system(chapter: Chapter) -> Iterator[None]:
    """Run `shopwright up` beside the demo, and stop it with the block."""
    settings = chapter.settings
    log = (settings.home / "up.log").open("wb")
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*PROGRAM, "up"],
        env=child_environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        process_group=0,
    )
    try:
        _wait_until_ready(chapter, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _wait_until_ready(chapter: Chapter, process: "subprocess.Popen[bytes]") -> None:
    settings = chapter.settings
    for _ in range(READY_SECONDS_MAX * 10):
        if process.poll() is not None:
            break
        connection = HTTPConnection(settings.host, settings.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        chapter.clock.sleep(0.1)
    raise NotReady(f"the system did not start; see {settings.home / 'up.log'}")


def open_shops(chapter: Chapter) -> list[Shop]:
    """Let the three shops live through their past."""
    end_us = chapter.clock.now_us()
    shops: list[Shop] = []
    for profile in PROFILES:
        chapter.tell("simulated shops", len(shops), len(PROFILES))
        shops.append(open_store(profile, end_us, chapter.seed, chapter.scale))
    chapter.tell("simulated shops", len(shops), len(PROFILES))
    return shops


def deliver(
    chapter: Chapter,
    shops: Sequence[Shop],
    open_sender: Callable[[], Sender],
    counts: dict[str, int],
) -> Delivered:
    """Send every webhook of every shop to the gateway, signed, over HTTP."""
    sent = 0

    def on_sent() -> None:
        nonlocal sent
        sent += 1
        chapter.tell("signed webhooks", sent, None)

    def counted(shop: Shop) -> Iterator[tuple[str, SimulatedWebhook]]:
        for webhook in shop.webhooks():
            counts[shop.profile.domain] += 1
            yield shop.profile.domain, webhook

    return deliver_all(
        chain.from_iterable(map(counted, shops)),
        open_sender=open_sender,
        connections=CONNECTIONS,
        on_sent=on_sent,
    )


def train_all(
    chapter: Chapter, shops: SimulatedShops, counts: Mapping[str, int]
) -> list[StoreResult]:
    """Train each store as the scheduler would: one child program a store, two at a time."""
    stores = list(open_stores(chapter.settings).all())
    as_of_us = chapter.clock.now_us()
    done = 0
    said: dict[StoreId, str] = {}
    two = threading.Semaphore(2)

    def train(store: Store) -> None:
        nonlocal done
        with two:
            said[store.store_id] = _train(chapter.settings, store, as_of_us)
        done += 1
        chapter.tell("models", done, len(stores))

    chapter.tell("models", 0, len(stores))
    threads = [threading.Thread(target=train, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [
        _result(chapter, store, shops, counts[store.store_id], as_of_us, said[store.store_id])
        for store in stores
    ]


def _train(settings: Settings, store: Store, as_of_us: int) -> str:
    """Train one store; return what the program said on standard error."""
    from shopwright.core.clock import iso  # noqa: PLC0415

    arguments = ["train", "--store", store.store_id, "--as-of", iso(as_of_us), "--json"]
    done = subprocess.run(  # noqa: S603 - our own program
        [*PROGRAM, *arguments],
        env=child_environment(settings),
        capture_output=True,
        check=False,
    )
    return done.stderr.decode("utf-8", "replace").strip()


def _result(
    chapter: Chapter,
    store: Store,
    shops: SimulatedShops,
    webhooks: int,
    as_of_us: int,
    said: str,
) -> StoreResult:
    decided = open_decisions(chapter.settings).of(store.store_id, PROPENSITY.name)
    if not decided:
        return StoreResult(
            store=store,
            webhooks=webhooks,
            customers=shops.count(store.store_id),
            decision=None,
            refused=said.splitlines()[-1] if said else "the training said nothing",
            judged=None,
        )
    manifest = open_registry(chapter.settings).fetch(decided[-1].model_version).manifest
    history = training_set(open_offline(chapter.settings), store, PROPENSITY, as_of_us)
    return StoreResult(
        store=store,
        webhooks=webhooks,
        customers=shops.count(store.store_id),
        decision=decided[-1],
        refused=None,
        judged=judge(history, manifest, shops.true_chance(store.store_id)),
    )


def as_json(result: Result) -> bytes:
    """Return what happened, for machines."""
    return msgspec.json.encode(
        {
            "url": f"http://{result.settings.host}:{result.settings.port}/console/",
            "home": str(result.settings.home),
            "webhooks": result.delivered,
            "stores": result.stores,
        },
        enc_hook=str,
    )
