"""A real system with a simulated shop beside it: what the console's tests look at."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from made_web import twelve_feature_model
from made_web_light import new_home

from shopwright.app import bootstrap
from shopwright.app.child import PROGRAM
from shopwright.app.demo.deliver import Sender, deliver_all
from shopwright.app.demo.shop_server import shop_server
from shopwright.app.demo.shops import SimulatedShops
from shopwright.app.settings import Settings, child_environment
from shopwright.core.clock import SystemClock
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store
from shopwright.training.trained import manifest_of

SECRET = b"a secret of the simulated shop"
SCALE = Scale(customers=90, days=200, fulfilment_told_share=0.0)


@dataclass(frozen=True)
class Live:
    """A running system."""

    address: str
    shop: str
    customers: tuple[str, ...]
    """Pseudonyms of people whom the simulation knows."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def live_console(folder: Path) -> Iterator[Live]:
    """Run gateway, worker and simulated shop for the length of the block."""
    shop_port = free_port()
    settings = new_home(
        folder / "home",
        port=free_port(),
        demo_url=f"http://127.0.0.1:{shop_port}",
        log_level="warning",
    )
    shop = open_store(PROFILES[0], SystemClock().now_us(), 5, SCALE)
    store = _add(settings, shop)
    with ExitStack() as running:
        for role in ("web", "worker"):
            running.enter_context(_process(settings, role))
        _wait(settings, "/readyz", lambda body: b"ready" in body)

        def open_sender() -> Sender:
            secrets = {shop.profile.domain: SECRET}
            return Sender("127.0.0.1", settings.port, secrets, SystemClock())

        webhooks = [(shop.profile.domain, webhook) for webhook in shop.webhooks()]
        told = deliver_all(webhooks, open_sender=open_sender, connections=8, on_sent=lambda: None)
        assert (told.accepted, told.failed) == (len(webhooks), 0)
        _crown(settings, store)
        keys = StoreKeys(bootstrap.open_keys(settings)).pseudonymiser(store.store_id)
        people = tuple(keys("customer", customer).hex() for customer in shop.customers())
        shops = SimulatedShops([shop], {store.store_id: keys}, open_sender, SystemClock(), seed=1)
        shops.baseline = lambda _store, _who: 0.21
        running.enter_context(shop_server(shops, shop_port))
        _wait_for_customers(settings, store, len(people))
        yield Live(f"http://127.0.0.1:{settings.port}", store.store_id, people)


def _add(settings: Settings, shop: Shop) -> Store:
    profile = shop.profile
    store = Store(
        store_id=StoreId(profile.domain),
        currency=profile.currency,
        timezone=profile.season.timezone,
        added_us=SystemClock().now_us(),
    )
    bootstrap.open_stores(settings).put(store)
    bootstrap.open_secrets(settings).add(store.store_id, SECRET)
    return store


def _crown(settings: Settings, store: Store) -> None:
    trained = twelve_feature_model()
    manifest = manifest_of(
        trained, store, view=CUSTOMER.label, log_through={}, code_version="0.1.0"
    )
    version = bootstrap.open_registry(settings).publish(manifest, dict(trained.files))
    decision = Decision(
        store_id=store.store_id,
        task="propensity",
        model_version=version,
        verdict="champion",
        reason="made for a test",
        figures={},
        decided_us=1,
        author="test",
    )
    bootstrap.open_decisions(settings).record(decision)


@contextmanager
def _process(settings: Settings, role: str) -> Iterator[None]:
    process = subprocess.Popen(
        [*PROGRAM, "up", "--role", role], env=child_environment(settings), stdout=sys.stderr
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        finally:
            process.kill()


def _wait(settings: Settings, path: str, enough: object) -> None:
    assert callable(enough)
    for _ in range(600):
        connection = HTTPConnection("127.0.0.1", settings.port, timeout=5)
        try:
            connection.request("GET", path)
            if enough(connection.getresponse().read()):
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise AssertionError(f"{path} never said what was waited for")


def _wait_for_customers(settings: Settings, store: Store, count: int) -> None:
    import json

    path = f"/console/api/stores/{store.store_id}?limit=200"

    def all_scored(body: bytes) -> bool:
        page = json.loads(body)
        scored = [row for row in page["customers"] if row["score"] is not None]
        return len(scored) >= min(count, 50)

    _wait(settings, path, all_scored)
