"""Durable, sealed intake: one web process over HTTP, beside two that differ in one thing.

*ours*: verify, seal under the customer's key, write, sync, answer; many requests share one sync.
*commit each*: the same, but every request has its own transaction with SQLite's synchronous=FULL.
*no storage*: verify, answer; neither key nor seal nor disk.

The load is a process of its own on the same two cores; orders of some 9 kB, each a delivery of its
own; rounds interleaved, medians over rounds. CPU is the web process's own, from the kernel.
"""

import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.machine import fsync_ms, percentile, table
from shopwright.app import bootstrap
from shopwright.app.demo.home import free_port
from shopwright.app.master_key import KEY_BYTES, write_master_key
from shopwright.app.settings import Settings, child_environment
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store

STORE = StoreId("harbour.myshopify.com")
SECRET = b"shpss_0123456789abcdef0123456789abcdef"
ROUNDS = 5
COUNTS = {"ours": 6_000, "commit each": 1_000, "no storage": 12_000}
OURS = ""
COMMIT_EACH = """
from shopwright.app.web import commit_group
commit_group.BATCH_EVENTS_MAX = 1
"""
NO_STORAGE = """
from shopwright.app.web.commit_group import CommitGroup
async def commit(self, event):
    return None
CommitGroup.commit = commit
"""
SERVERS = {"ours": OURS, "commit each": COMMIT_EACH, "no storage": NO_STORAGE}
PROGRAM = """
{before}
from shopwright.app.settings import load
from shopwright.app.web.server import serve
serve(load(), 0, lambda port: print(port, flush=True))
"""


def run() -> None:
    """Print throughput, CPU and answer times at 64 and 128 connections, and the ratios."""
    for connections in (64, 128):
        rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in SERVERS}
        for _ in range(ROUNDS):
            for name, before in SERVERS.items():
                rounds[name].append(measure(before, COUNTS[name], connections))
        report(connections, rounds)


def report(connections: int, rounds: dict[str, list[dict[str, Any]]]) -> None:
    """Print one table and what the goals say."""
    rate = {name: [one["rate"] for one in of] for name, of in rounds.items()}
    cpu = {name: statistics.median(one["cpu_us"] for one in of) for name, of in rounds.items()}
    rows = []
    for name, of in rounds.items():
        took = [ms for one in of for ms in one["ms"]]
        rows.append(
            (
                name,
                f"{statistics.median(rate[name]):,.0f}",
                f"{min(rate[name]):,.0f} to {max(rate[name]):,.0f}",
                f"{cpu[name]:,.0f}",
                f"{percentile(took, 0.5):.1f}",
                f"{percentile(took, 0.99):.1f}",
                sum(one["bad"] for one in of),
            )
        )
    size = statistics.median(one["bytes"] for of in rounds.values() for one in of)
    print(f"\n{connections} connections, {size:,.0f} bytes a request, fsync {fsync_ms():.2f} ms\n")
    headings = ("server", "events/s", "rounds", "CPU µs/event", "p50 ms", "p99 ms", "not 200")
    table(headings, rows)
    ours = statistics.median(rate["ours"])
    each = ours / statistics.median(rate["commit each"])
    none = ours / statistics.median(rate["no storage"])
    least = 0.12 if connections == 64 else 0.22
    print(f"\n{each:.1f} x commit each (goal 10 at 64): {'met' if each >= 10 else 'MISSED'}")
    goals = [
        (f"{none:.2f} x no storage", none >= least, f"{least}"),
        (f"CPU {cpu['ours'] / cpu['no storage']:.1f} x", cpu["ours"] <= 3 * cpu["no storage"], "3"),
    ]
    for says, met, goal in goals:
        print(f"{says} (goal {goal}): {'met' if met else 'MISSED'}")


def measure(before: str, count: int, connections: int) -> dict[str, Any]:
    """Return the outcome of one server under one load."""
    with tempfile.TemporaryDirectory() as folder:
        settings = furnish(Path(folder))
        with server(settings, before) as process, load(settings, count, connections) as loader:
            size = json.loads(answer(loader))["bytes"]
            began = cpu_seconds(process.pid)
            assert loader.stdin is not None
            loader.stdin.write("\n")
            loader.stdin.flush()
            found = json.loads(answer(loader))
            spent = cpu_seconds(process.pid) - began
    return {
        "bytes": size,
        "rate": count / found["seconds"],
        "cpu_us": spent / count * 1e6,
        "ms": [seconds * 1e3 for seconds in found["took"]],
        "bad": len(found["bad"]),
    }


def furnish(folder: Path) -> Settings:
    """Make a data folder with one store."""
    home = folder / "home"
    settings = Settings(
        home=home,
        master_key_file=folder / "home.key",
        erasure_journal=folder / "home.erasures",
        port=free_port(),
        log_level="error",
    )
    write_master_key(settings, secrets.token_bytes(KEY_BYTES))
    store = Store(store_id=STORE, currency="GBP", timezone="Europe/London", added_us=1)
    bootstrap.open_stores(settings).put(store)
    bootstrap.open_secrets(settings).add(STORE, SECRET)
    return settings


@contextmanager
def server(settings: Settings, before: str) -> "Iterator[subprocess.Popen[str]]":
    """Run a web process, changed by ``before``, for the length of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(before=before)],
        env=child_environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        answer(process)
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def load(settings: Settings, count: int, connections: int) -> "Iterator[subprocess.Popen[str]]":
    """Start a load that waits for its line."""
    arguments = (str(settings.port), STORE, SECRET.hex(), str(count), str(connections))
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.webhook_load", *arguments, secrets.token_hex(4)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def answer(process: "subprocess.Popen[str]") -> str:
    """Return the next line that a child prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a child of the benchmark ended by itself")
    return line


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process, all its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    run()
