"""A store of 100,000 orders is taken in: calls, throughput beside parsing alone, and memory.

A simulated Shopify in another process hands out bulk files over HTTP at once, so its own time is
left out of the comparison; ours reads them into a real data folder (sealed spool, sealed log with
its syncs). *Parsing alone* downloads the same files again and decodes each line as JSON, with
nothing else. *Fewest calls*: a question about the shop, two newest ids, the number of orders, each
slice's start, its count where Shopify has one, and one look for every five slices; Shopify that
takes its time costs more looks, one every 15 seconds at most.
"""

import json
import os
import resource
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.machine import table
from shopwright.admin import documents
from shopwright.app import bootstrap
from shopwright.app.connecting import Connecting
from shopwright.app.demo.home import free_port
from shopwright.app.master_key import KEY_BYTES, write_master_key
from shopwright.app.settings import Settings
from shopwright.app.shopify import open_shopify
from shopwright.core.clock import US_PER_DAY, SystemClock, iso
from shopwright.core.types.connection import Credential
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.bulk_runs import RUNNING_MAX
from shopwright.simulator.admin import files
from shopwright.simulator.admin.nodes import Children, Node, gid
from shopwright.simulator.stores import HARBOUR_GIFTS, open_store

ORDERS = int(os.environ.get("BACKFILL_ORDERS", "100000"))
STORE = StoreId(HARBOUR_GIFTS.domain)
SECRET = "hush"
WAIT_SECONDS = 600


def run() -> None:
    """Print calls, throughput and memory."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.backfill", "serve", str(port)])
    try:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.backfill", "client", str(port), folder],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        found = json.loads(done.stdout)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    fewest = 4 + found["slices"] + found["counted"] + -(-found["slices"] // RUNNING_MAX)
    rows = [
        (
            "orders, objects, MB of files",
            f"{found['orders']:,}, {found['lines']:,}, {found['mb']:.0f}",
        ),
        ("slices", f"{found['slices']}"),
        ("calls / fewest calls", f"{found['calls']} / {fewest} = {found['calls'] / fewest:.2f}"),
        ("taking in, less waiting for Shopify", f"{found['seconds']:.1f} s"),
        ("orders a second", f"{found['orders'] / found['seconds']:,.0f}"),
        ("parsing alone", f"{found['parse_seconds']:.1f} s"),
        ("taking in / parsing alone", f"{found['seconds'] / found['parse_seconds']:.1f}×"),
        ("memory at its peak", f"{found['peak_mb']:.0f} MB"),
    ]
    table(["what", "figure"], rows)


class ManyOrders:
    """Holdings whose orders are those of a small shop, over and over under new ids."""

    def __init__(self, few: Any, count: int, until_us: int) -> None:
        self._few = few
        self._base = list(few.orders())
        self._count = count
        self._until_us = until_us
        self.products, self.customers, self.node = few.products, few.customers, few.node

    def orders(self) -> Iterable[Node]:
        step_us = 600 * US_PER_DAY // self._count
        for number in range(self._count):
            at = iso(self._until_us - (self._count - number) * step_us)[:19] + "Z"
            base = self._base[number % len(self._base)]
            yield base | {
                "id": gid("Order", 10**12 + number),
                "createdAt": at,
                "lineItems": base["lineItems"],
                "agreements": Children(
                    one | {"id": f"{one['id']}{number:09d}"} for one in base["agreements"]
                ),
            }


def serve(port: int) -> None:
    """Serve one large shop until the end."""
    from shopwright.app.double.server import DoubleServer, serving
    from shopwright.app.double.shops import DoubleShop

    files.OBJECTS_PER_SECOND, files.SECONDS_MIN = 1e12, 0.0
    clock = SystemClock()
    shop = open_store(HARBOUR_GIFTS, clock.now_us(), 3, "fast")
    address = f"http://127.0.0.1:{port}/{STORE}"
    one = DoubleShop(shop, address, SECRET, np.random.default_rng(1), clock.now_us(), 0.0)
    one.api.state.holdings = ManyOrders(one.api.state.holdings, ORDERS, clock.now_us())  # type: ignore[assignment]
    with serving(DoubleServer({STORE: one}, clock), port):
        signal.sigwait({signal.SIGTERM})


def client(port: int, folder: str) -> dict[str, float]:
    """Take the shop in; return what it took."""
    home = Path(folder) / "home"
    settings = Settings(
        home=home,
        master_key_file=home.with_name("key"),
        erasure_journal=home.with_name("erasures"),
        admin_url=f"http://127.0.0.1:{port}",
    )
    write_master_key(settings, secrets.token_bytes(KEY_BYTES))
    shopify = open_shopify(settings)
    calls, waited, urls = _watched(shopify)
    _until_served(shopify)
    connecting = Connecting(shopify, STORE)
    credential = Credential(
        store_id=STORE, mode="client_credentials", client_id="simulated-app", client_secret=SECRET
    )
    begun = shopify.tokens.begin(credential)
    connection = connecting.know(connecting.about(), begun)
    intake = bootstrap.open_intake(settings, "connect")
    planned = connecting.plan(connection, 730, shopify.backfill(intake.accept))
    waited.clear()
    began = time.monotonic()
    taken = connecting.take_in(planned, intake.accept, lambda _: None)
    seconds = time.monotonic() - began - sum(waited)
    assert all(one.slice.state == "told" for one in taken), [one.slice for one in taken]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines, size, parse_seconds = _parse_alone(shopify, urls)
    return {
        "orders": sum(len(one.documents) for one in taken if one.slice.kind == "orders"),
        "slices": len(taken),
        "counted": sum(documents.counted(one.slice.kind) is not None for one in taken),
        "calls": len(calls),
        "seconds": seconds,
        "lines": lines,
        "mb": size / 1e6,
        "parse_seconds": parse_seconds,
        "peak_mb": peak_mb,
    }


def _watched(shopify: Any) -> tuple[list[int], list[float], list[str]]:
    """Count calls, time spent in Shopify's own answers and in waiting, and note the files."""
    calls: list[int] = []
    waited: list[float] = []
    urls: list[str] = []
    shop, clock = shopify.shop, shopify.clock
    ask, download, sleep = shop.ask, shop.download, clock.sleep

    def counted(*args: Any) -> Any:
        calls.append(1)
        began = time.monotonic()
        answer = ask(*args)
        waited.append(time.monotonic() - began)
        return answer

    def noted(url: str, first: int) -> Iterator[bytes]:
        urls.append(url)
        yield from download(url, first)

    def slept(seconds: float) -> None:
        waited.append(seconds)
        sleep(seconds)

    shop.ask, shop.download, clock.sleep = counted, noted, slept
    return calls, waited, urls


def _until_served(shopify: Any) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while shopify.shop.grant(STORE, {}).status == 0:
        assert time.monotonic() < end
        time.sleep(0.2)


def _parse_alone(shopify: Any, urls: list[str]) -> tuple[int, int, float]:
    lines = size = 0
    began = time.monotonic()
    for url in dict.fromkeys(urls):
        rest = b""
        for piece in shopify.shop.download(url, 0):
            size += len(piece)
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                msgspec.json.decode(line)
                lines += 1
    return lines, size, time.monotonic() - began


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        serve(int(sys.argv[2]))
    else:
        sys.stdout.write(json.dumps(client(int(sys.argv[2]), sys.argv[3])))
