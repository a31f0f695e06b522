"""A Black Friday in small: a steady rate, then twenty times as much, then steady again.

A whole `shopwright up` (web, worker, scheduler) on loopback; open loop over 64 connections: a
request is due whether or not the last one was answered, and its time counts from when it was due.
Orders of some 9 kB. The peak lasts a minute here and five with `BUSY_SECONDS=300`. Memory is what
the kernel says of each process (resident, shared pages included), highest before, in and after the
peak. The backlog is gone when the worker has taken in the last event.
"""

import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

import uvloop

from benchmarks.intake import SECRET, STORE, furnish
from benchmarks.machine import fsync_ms, percentile, table
from benchmarks.webhook_load import requests
from shopwright.app import bootstrap
from shopwright.app.settings import Settings, child_environment

BASE = int(os.environ.get("BUSY_BASE", "20"))
TIMES = 20
STEADY_SECONDS = 20
BUSY_SECONDS = int(os.environ.get("BUSY_SECONDS", "60"))
CONNECTIONS = 64
P99_MS_MAX, SLOWEST_MS_MAX = 1_000, 5_000
ROLES = ("web", "worker")


def run() -> None:
    """Print answer times, memory and backlog, and what the goals say."""
    with tempfile.TemporaryDirectory() as folder:
        settings = furnish(Path(folder))
        count = BASE * (2 * STEADY_SECONDS + TIMES * BUSY_SECONDS)
        made = requests(STORE, SECRET, count, secrets.token_hex(4), settings.port)
        system = subprocess.Popen(
            [sys.executable, "-m", "shopwright", "up"],
            env=child_environment(settings) | {"SHOPWRIGHT_TRAIN_EVERY_HOURS": "0"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _until_up(settings)
            _report(settings, *_live(settings, made, system.pid))
        finally:
            system.terminate()
            system.wait(30)


def _live(
    settings: Settings, made: list[bytes], supervisor: int
) -> "tuple[dict[str, list[float]], int, dict[tuple[str, str], float], float]":
    took: dict[str, list[float]] = defaultdict(list)
    memory: dict[tuple[str, str], float] = defaultdict(float)
    phase = ["before"]
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.5):
            for role, megabytes in _resident(supervisor).items():
                memory[role, phase[0]] = max(memory[role, phase[0]], megabytes)

    looker = threading.Thread(target=look)
    looker.start()
    bad = uvloop.run(_load(settings.port, made, took, phase))
    began = time.perf_counter()
    while _behind(settings) and time.perf_counter() - began < 600:
        time.sleep(0.1)
    backlog = time.perf_counter() - began
    stop.set()
    looker.join()
    return took, bad, memory, backlog


async def _load(
    port: int, made: list[bytes], took: dict[str, list[float]], phase: list[str]
) -> int:
    queue: asyncio.Queue[tuple[float, str, bytes] | None] = asyncio.Queue()
    bad = 0

    async def connection() -> None:
        nonlocal bad
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (due := await queue.get()) is not None:
            at, when, request = due
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            took[when].append((time.perf_counter() - at) * 1e3)
            bad += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    connections = [asyncio.create_task(connection()) for _ in range(CONNECTIONS)]
    waiting = iter(made)
    for when, rate, seconds in (
        ("before", BASE, STEADY_SECONDS),
        ("peak", BASE * TIMES, BUSY_SECONDS),
        ("after", BASE, STEADY_SECONDS),
    ):
        phase[0] = when
        start = time.perf_counter()
        for number in range(rate * seconds):
            at = start + number / rate
            ahead = at - time.perf_counter()
            if ahead > 0.001:
                await asyncio.sleep(ahead)
            queue.put_nowait((at, when, next(waiting)))
    for _ in connections:
        queue.put_nowait(None)
    await asyncio.gather(*connections)
    return bad


def _until_up(settings: Settings) -> None:
    import urllib.request

    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the system was never ready")


def _resident(supervisor: int) -> dict[str, float]:
    """Return the resident megabytes of the web process and of the worker."""
    found: dict[str, float] = {}
    for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace")
            status = Path(f"/proc/{child}/status").read_text()
        except OSError:
            continue
        for role in ROLES:
            if f"\0{role}\0" in command:
                found[role] = int(status.split("VmRSS:", 1)[1].split()[0]) / 1024
    return found


def _behind(settings: Settings) -> bool:
    ledger = bootstrap.open_ledger(settings, read_only=True)
    log = bootstrap.open_log(settings)
    try:
        through = ledger.through()
        return any(through.get(name, -1) < offset for name, offset in log.end().items())
    finally:
        ledger.close()
        log.close()


def _report(
    settings: Settings,
    took: dict[str, list[float]],
    bad: int,
    memory: dict[tuple[str, str], float],
    backlog: float,
) -> None:
    rows = [
        (
            when,
            f"{BASE * (TIMES if when == 'peak' else 1)}",
            len(of),
            *(f"{percentile(of, share):.0f}" for share in (0.5, 0.99, 1.0)),
            *(f"{memory[role, when]:.0f}" for role in ROLES),
        )
        for when, of in took.items()
    ]
    table(("", "events/s", "events", "p50 ms", "p99 ms", "max ms", "web MB", "worker MB"), rows)
    stored = sum(len(of) for of in took.values()) - bad
    rows_in_log = _rows_in_log(settings)
    print(f"\nfsync {fsync_ms():.2f} ms; {bad} not answered 200")
    print(f"{stored:,} acknowledged, {rows_in_log:,} in the log: {stored - rows_in_log} lost")
    growth = max(memory[role, "after"] / max(memory[role, "before"], 1) for role in ROLES)
    slowest = max(max(of) for of in took.values())
    for says, met in (
        (f"p99 in the peak: goal {P99_MS_MAX:,} ms", percentile(took["peak"], 0.99) <= P99_MS_MAX),
        (f"slowest: goal {SLOWEST_MS_MAX:,} ms", slowest <= SLOWEST_MS_MAX),
        (f"backlog gone {backlog:.1f} s after the last event", backlog <= 2 * BUSY_SECONDS),
        (f"memory afterwards {growth:.2f} x before: goal 1.5", growth <= 1.5),
    ):
        print(f"{says}: {'met' if met else 'MISSED'}")


def _rows_in_log(settings: Settings) -> int:
    from shopwright.core.types.log import Position

    log, position, count = bootstrap.open_log(settings), {}, 0
    while batch := log.read(Position(position), 5_000):
        for record in batch:
            position[record.partition] = record.offset
            count += record.partition.startswith("web-")
    return count


if __name__ == "__main__":
    run()
