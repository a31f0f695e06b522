"""After a kill: how soon it answers, how fast the log is read again, and what an event weighs.

One simulated shop's webhooks (orders, refunds, customers, products as it sends them) go through the
real intake into a data folder, and a worker's steps take them in; each process that is started is
killed by SIGKILL as soon as it is ready. *Recovery* is the time until a process answers (web), or
knows that it has everything (worker), less the same for an empty folder. *Replay* is `shopwright
replay`: read, unseal, parse, rebuild in a second file with its own syncs, and compare all of it;
beside it a loop that only reads the log, and one that unseals and parses too.
"""

import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks.intake import PROGRAM, SECRET, answer
from benchmarks.machine import fsync_ms, table
from shopwright.app import bootstrap
from shopwright.app.catch_up import catch_up
from shopwright.app.demo.home import free_port
from shopwright.app.master_key import KEY_BYTES, write_master_key
from shopwright.app.replaying import Replaying
from shopwright.app.settings import Settings, child_environment
from shopwright.core.clock import US_PER_DAY, SystemClock, iso
from shopwright.core.types.event import Delivery
from shopwright.core.types.identity import StoreId
from shopwright.core.types.log import Position
from shopwright.core.types.store import Store
from shopwright.events.webhook import Rejection, sign
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.unseal import Unsealer
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import PROFILES, open_store

SCALE = Scale(customers=30_000, days=180, fulfilment_told_share=0.2)
BATCH = 500
ROUNDS = 5
WORKER = """
from shopwright.app.owner import own
from shopwright.app.settings import load
with own(load()) as owner:
    owner.materializer.step(1)
print("ready", flush=True)
"""


def run() -> None:
    """Print recovery, replay and weight."""
    with tempfile.TemporaryDirectory() as folder:
        settings = _furnish(Path(folder) / "full")
        records = _fill(settings)
        catch_up(settings)
        empty = _furnish(Path(folder) / "empty")
        print(f"{records:,} events in the log; fsync {fsync_ms():.2f} ms\n")
        _recovery(settings, empty, records)
        _replay(settings, records)
        _weight(settings, records)


def _furnish(home: Path) -> Settings:
    settings = Settings(
        home=home,
        master_key_file=home.with_name(f"{home.name}.key"),
        erasure_journal=home.with_name(f"{home.name}.erasures"),
        port=free_port(),
        log_level="error",
    )
    profile = PROFILES[0]
    write_master_key(settings, secrets.token_bytes(KEY_BYTES))
    store_id = StoreId(profile.domain)
    zone = profile.season.timezone
    store = Store(store_id=store_id, currency=profile.currency, timezone=zone, added_us=1)
    bootstrap.open_stores(settings).put(store)
    bootstrap.open_secrets(settings).add(store_id, SECRET)
    catch_up(settings)
    return settings


def _fill(settings: Settings) -> int:
    """Send a shop's life; return how many records the log holds."""
    profile = PROFILES[0]
    shop = open_store(profile, time.time_ns() // 1000, 1, SCALE)
    log, keys = bootstrap.open_log(settings, "web-0"), bootstrap.open_keys(settings)
    with closing(log), closing(keys):
        intake = Intake(log, keys, SystemClock(), os.urandom)
        waiting, day, stored = [], 0, 0
        for webhook in sorted(shop.webhooks(), key=lambda one: one.triggered_us):
            if waiting and (len(waiting) == BATCH or webhook.triggered_us // US_PER_DAY != day):
                stored += intake.accept(waiting).new
                waiting = []
            day = webhook.triggered_us // US_PER_DAY
            headers = {
                "x-shopify-topic": webhook.topic,
                "x-shopify-hmac-sha256": sign(SECRET, webhook.body),
                "x-shopify-shop-domain": profile.domain,
                "x-shopify-api-version": webhook.api_version,
                "x-shopify-webhook-id": webhook.webhook_id,
                "x-shopify-event-id": webhook.event_id,
                "x-shopify-triggered-at": iso(webhook.triggered_us),
            }
            delivery = Delivery(
                headers=tuple(headers.items()), body=webhook.body, received_us=webhook.triggered_us
            )
            event = intake.receive(delivery, lambda _: (SECRET,))
            if isinstance(event, Rejection):
                raise RuntimeError(event.reason)
            waiting.append(event)
        return stored + intake.accept(waiting).new


def _recovery(full: Settings, empty: Settings, records: int) -> None:
    web = PROGRAM.format(before="")
    rows = []
    for role, program in (("web", web), ("worker", WORKER)):
        spent: dict[str, list[float]] = {"full": [], "empty": []}
        for _ in range(ROUNDS):
            for name, settings in (("full", full), ("empty", empty)):
                spent[name].append(_until_ready(settings, program))
        with_log, without = statistics.median(spent["full"]), statistics.median(spent["empty"])
        a_million = (with_log - without) / records * 1e6
        met = "met" if a_million <= 2 else "MISSED"
        rows.append((role, f"{with_log:.2f}", f"{without:.2f}", f"{a_million:.2f}", met))
    table(("process", "s, full log", "s, empty", "s a million records", "goal 2 s"), rows)


def _until_ready(settings: Settings, program: str) -> float:
    """Return the seconds from starting a process to its first line; then kill it as it stands."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=child_environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    answer(process)
    seconds = time.perf_counter() - began
    process.send_signal(signal.SIGKILL)
    process.wait()
    return seconds


def _replay(settings: Settings, records: int) -> None:
    log, keys = bootstrap.open_log(settings), bootstrap.open_keys(settings)
    unsealer = Unsealer(keys, bootstrap.open_stores(settings))

    def tell(batch: object) -> None:
        unsealer.tell(batch, 1)  # type: ignore[arg-type]

    ways: dict[str, Callable[[], None]] = {
        "only read": lambda: _walk(log, lambda _: None),
        "read, unseal, parse": lambda: _walk(log, tell),
        "replay, with comparison": lambda: _replay_once(settings),
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(2):
        for name, work in ways.items():
            began = time.perf_counter()
            work()
            spent[name].append(time.perf_counter() - began)
    fastest = statistics.median(spent["only read"])
    rows = [
        (name, f"{records / statistics.median(of):,.0f}", f"{statistics.median(of) / fastest:.1f}")
        for name, of in spent.items()
    ]
    print()
    table(("", "events/s", "times as long as only reading"), rows)


def _walk(log: object, work: Callable[[object], None]) -> None:
    position: dict[str, int] = {}
    while batch := log.read(Position(position), 1_000):  # type: ignore[attr-defined]
        for record in batch:
            position[record.partition] = record.offset
        work(batch)


def _replay_once(settings: Settings) -> None:
    found = Replaying(settings, lambda _: None).run(adopting=False)
    if not found.is_equal:
        raise RuntimeError(f"the replay differs: {found.trouble or found.differs}")


def _weight(settings: Settings, records: int) -> None:
    rows = []
    for name in ("log", "ledger", "keys.db", "online.lmdb", "offline"):
        place = settings.home / name
        files = [place] if place.is_file() else [one for one in place.rglob("*") if one.is_file()]
        # What is really on the disk: LMDB's file is full of holes.
        rows.append((name, f"{sum(one.stat().st_blocks * 512 for one in files) / records:,.0f}"))
    print()
    table(("", "bytes an event"), rows)


if __name__ == "__main__":
    run()
