"""1,000 connected stores in which nothing happens: what keeping watch over them costs.

A simulated Shopify in another process answers for every store. An hour of watching is one look of
the healer at each store (a question about the shop, its subscriptions, what was updated), over
HTTP, with its credential from the sealed vault, and 240 looks of the scheduler at what is due.
*Share of a core* is the CPU time of that hour in our processes, divided by an hour.
"""

import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import table
from shopwright.app import bootstrap
from shopwright.app.demo.home import free_port
from shopwright.app.heal_lane import is_due
from shopwright.app.healing import Healer
from shopwright.app.master_key import KEY_BYTES, write_master_key
from shopwright.app.settings import Settings
from shopwright.app.shopify import open_shopify
from shopwright.core.clock import US_PER_SECOND, SystemClock
from shopwright.core.types.connection import Connection, Credential
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import HARBOUR_GIFTS, open_store

STORES = 1_000
LOOKS = 240
TINY = Scale(customers=20, days=30, fulfilment_told_share=0.0)
NAMES = [StoreId(f"store-{number}.myshopify.com") for number in range(STORES)]


def run() -> None:
    """Print what an idle hour costs."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.idle_stores", "serve", str(port)])
    try:
        with tempfile.TemporaryDirectory() as folder:
            healing, looking = _watch(Path(folder) / "home", port)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    share = (healing + looking) / 3_600
    rows = [
        ("healer, CPU for a look at each store", f"{healing:.1f} s"),
        (f"scheduler, CPU for {LOOKS} looks", f"{looking:.1f} s"),
        ("share of a core", f"{share:.2%} (goal below 5 %)"),
    ]
    table(["what", "figure"], rows)


def _watch(home: Path, port: int) -> tuple[float, float]:
    settings = Settings(
        home=home,
        master_key_file=home.with_name("key"),
        erasure_journal=home.with_name("erasures"),
        admin_url=f"http://127.0.0.1:{port}",
    )
    write_master_key(settings, secrets.token_bytes(KEY_BYTES))
    shopify = open_shopify(settings)
    stores, now_us = bootstrap.open_stores(settings), SystemClock().now_us()
    for name in NAMES:
        stores.put(Store(store_id=name, currency="GBP", timezone="Europe/London", added_us=1))
        shopify.vault.put(Credential(store_id=name, mode="token", access_token="any"))
        shopify.connections.put(
            Connection(
                store_id=name,
                mode="token",
                connected_us=now_us - 7_200 * US_PER_SECOND,
                backfill_from_us=1,
                reconciled_us=now_us - 7_200 * US_PER_SECOND,
                compared_us=now_us,
                api_version="2026-10",
            )
        )
    bootstrap.open_ledger(settings).close()
    end = time.monotonic() + 120
    while shopify.shop.grant(NAMES[0], {}).status == 0:
        assert time.monotonic() < end
        time.sleep(0.2)
    healer = Healer(shopify, bootstrap.open_intake(settings, "healer").accept)
    due = healer.due()
    assert len(due) == STORES
    healer.heal(due[0])  # makes the subscriptions that all of them share
    began = time.process_time()
    healed = healer.heal_all(due, lambda _: None)
    healing = time.process_time() - began
    assert not [one for one in healed if one.trouble], healed[0]
    began = time.process_time()
    for _ in range(LOOKS):
        any(is_due(one, 60, now_us) for one in shopify.connections.all())
    return healing, time.process_time() - began


def serve(port: int) -> None:
    """Answer for every store with one small shop."""
    from shopwright.app.double.server import DoubleServer, serving
    from shopwright.app.double.shops import DoubleShop
    from shopwright.simulator.admin.access import Token

    clock = SystemClock()
    shop = open_store(HARBOUR_GIFTS, clock.now_us() - 10 * 86_400 * US_PER_SECOND, 3, TINY)
    one = DoubleShop(
        shop, f"http://127.0.0.1:{port}/x", "hush", np.random.default_rng(1), clock.now_us(), 0.0
    )
    # Each store has a bucket of its own at Shopify; here all share one, so it is never empty.
    one.api.state.bucket.maximum = one.api.state.bucket.restore_rate = 1e9
    everything = Token(scopes=one.app.scopes, expires_us=None)
    one.app.token = lambda _text, _now_us: everything  # type: ignore[method-assign]
    with serving(DoubleServer(dict.fromkeys(NAMES, one), clock), port):
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    serve(int(sys.argv[2]))
