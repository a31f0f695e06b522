"""The web process as a real one on a real port, and webhooks sent to it over many connections."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from made_web import delivery_headers, order_body
from made_web_light import new_home

from shopwright.app import bootstrap
from shopwright.app.settings import Settings, child_environment
from shopwright.core.types.log import LogRecord, Position

NOW_US = 1_790_000_000_000_000
ORDERS_FROM = 1_000_000
CUSTOMERS_SHARE = 4
"""Every customer sends so many of the webhooks."""
PROGRAM = (
    "{before}\n"
    "from shopwright.app.settings import load\n"
    "from shopwright.app.web.server import serve\n"
    "serve(load(), 0, lambda port: print(port, flush=True))\n"
)
ANSWERS_FIRST = """
import asyncio
from shopwright.app.web.commit_group import CommitGroup
commit, tasks = CommitGroup.commit, []
async def careless(group, event):
    tasks.append(asyncio.ensure_future(commit(group, event)))
CommitGroup.commit = careless
"""
"""Breaks a gateway: it answers while the event still waits for the disk."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def gateway_home(folder: Path, log_level: str = "error") -> Settings:
    """Make a data folder with one store, for a gateway on a free port."""
    return new_home(folder / "home", port=free_port(), log_level=log_level)


@contextmanager
def gateway(settings: Settings, before: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run a web process inside the block; ``before`` is Python that breaks it on purpose."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(before=before)],
        env=child_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline(), "the gateway did not start"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def stopped(process: subprocess.Popen[str]) -> int:
    """Ask a process to stop; return its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(60)


def webhook_id(number: int) -> str:
    """Return the id of a webhook: of one length, so that none is a part of another."""
    return f"webhook-{number:08d}"


def customer_of(number: int) -> int:
    """Return the customer whom a webhook names."""
    return 500_000 + number // CUSTOMERS_SHARE


def send(connection: HTTPConnection, number: int) -> int:
    """Deliver one webhook; return the status, 0 when the connection was lost."""
    body = order_body(ORDERS_FROM + number, customer_of(number), NOW_US)
    try:
        connection.request("POST", "/webhooks", body, delivery_headers(body, webhook_id(number)))
        response = connection.getresponse()
        response.read()
    except (OSError, HTTPException):
        connection.close()
        return 0
    return response.status


def send_all(port: int, numbers: Sequence[int], connections: int) -> dict[int, int]:
    """Deliver webhooks over several connections at once; return the status of each."""

    def some(mine: Sequence[int]) -> dict[int, int]:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            return {number: send(connection, number) for number in mine}
        finally:
            connection.close()

    with ThreadPoolExecutor(connections) as pool:
        parts = list(pool.map(some, [numbers[n::connections] for n in range(connections)]))
    return {number: status for part in parts for number, status in part.items()}


def send_until_taken(port: int, number: int, tries_max: int, wait: Callable[[], None]) -> list[int]:
    """Deliver one webhook as often as it takes; return every status, 200 last."""
    statuses: list[int] = []
    while len(statuses) < tries_max:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        statuses.append(send(connection, number))
        connection.close()
        if statuses[-1] == 200:
            return statuses
        wait()
    raise AssertionError(f"webhook {number} was answered {statuses}")


def stored(settings: Settings) -> list[LogRecord]:
    """Return every record in the log."""
    log = bootstrap.open_log(settings)
    try:
        return list(log.read(Position({}), 1_000_000))
    finally:
        log.close()


def stored_ids(settings: Settings) -> list[str]:
    """Return the delivery id of every record in the log, sorted."""
    return sorted(record.event.delivery_id for record in stored(settings))
