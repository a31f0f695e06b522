"""The gateway as a real process on a real port: nothing acknowledged is ever lost."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from made_web import SHOP, delivery_headers, order_body
from made_web_light import new_home

from shopwright.app import bootstrap
from shopwright.app.settings import Settings, child_environment
from shopwright.core.types.log import Position

NOW_US = 1_790_000_000_000_000
PROGRAM = (
    "from shopwright.app.settings import load\n"
    "from shopwright.app.web.server import serve\n"
    "serve(load(), 0, lambda port: print(port, flush=True))\n"
)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of a new data folder with one store."""
    return new_home(tmp_path / "home", port=free_port(), log_level="warning")


@contextmanager
def gateway(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Run a web process inside the block, from its first answer on."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=child_environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == settings.port
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def stopped(process: subprocess.Popen[str]) -> int:
    """Ask a process to stop; return its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(15)


def stored_ids(settings: Settings) -> list[str]:
    """Return the delivery id of every event in the log."""
    log = bootstrap.open_log(settings)
    try:
        return [record.event.delivery_id for record in log.read(Position({}), 1_000_000)]
    finally:
        log.close()


class Sender:
    """One connection that sends deliveries one after the other."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=20)

    def send(self, number: int) -> int:
        """Deliver order ``number``; return the status."""
        body = order_body(number, number % 50, NOW_US)
        headers = delivery_headers(body, f"w{number}")
        self._connection.request("POST", "/webhooks", body, headers)
        response = self._connection.getresponse()
        response.read()
        return response.status

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def test_fifty_connections_at_once_are_all_stored_once(settings: Settings) -> None:
    def send_some(first: int) -> list[int]:
        sender = Sender(settings.port)
        try:
            return [sender.send(number) for number in range(first, first + 20)]
        finally:
            sender.close()

    with gateway(settings) as process:
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(send_some, range(0, 1_000, 20)))
        assert stopped(process) == 0
    assert {status for part in answers for status in part} == {200}
    assert sorted(stored_ids(settings)) == sorted(f"w{number}" for number in range(1_000))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stop_under_load_loses_nothing_that_was_acknowledged(
    settings: Settings, number: signal.Signals
) -> None:
    acknowledged: set[str] = set()
    numbers = iter(range(1_000_000))
    turn = threading.Lock()

    def send_until_it_ends() -> None:
        sender = Sender(settings.port)
        try:
            while True:
                with turn:
                    mine = next(numbers)
                if sender.send(mine) == 200:
                    acknowledged.add(f"w{mine}")
        except (OSError, HTTPException):
            sender.close()

    with gateway(settings) as process:
        threads = [threading.Thread(target=send_until_it_ends) for _ in range(30)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 300:
            time.sleep(0.01)
        process.send_signal(number)
        code = process.wait(15)
        for thread in threads:
            thread.join(20)
    stored = stored_ids(settings)
    assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))


def test_a_repetition_after_a_restart_is_known_again(settings: Settings) -> None:
    for _ in range(2):
        with gateway(settings) as process:
            sender = Sender(settings.port)
            assert [sender.send(number) for number in (1, 2, 1)] == [200, 200, 200]
            sender.close()
            assert stopped(process) == 0
    assert sorted(stored_ids(settings)) == ["w1", "w2"]


def _conversation(settings: Settings, sent: bytes, seconds: float = 10.0) -> bytes:
    """Return all that comes back on one connection until it is closed or stays silent."""
    with socket.create_connection(("127.0.0.1", settings.port), timeout=seconds) as connection:
        answer = b""
        try:
            connection.sendall(sent)
            while part := connection.recv(65_536):
                answer += part
        except (TimeoutError, ConnectionError):
            pass
        return answer


def _raw(body: bytes, webhook_id: str, *more: str) -> bytes:
    headers = delivery_headers(body, webhook_id) | {"Host": "127.0.0.1"}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines += more or [f"Content-Length: {len(body)}"]
    return ("POST /webhooks HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + body


def test_the_wire(settings: Settings) -> None:
    body = order_body(1, 2, NOW_US)
    with gateway(settings) as process:
        pipelined = b"".join(_raw(body, f"p{n}") for n in range(5))
        last = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        answers = _conversation(settings, pipelined + last)
        assert answers.count(b"HTTP/1.1 200 OK") == 6
        assert answers.rindex(b"alive") > answers.rindex(b"{}")

        chunks = b"5\r\n" + body[:5] + b"\r\n" + f"{len(body) - 5:x}\r\n".encode() + body[5:]
        head = _raw(body, "c1", "Transfer-Encoding: chunked", "Connection: close")[: -len(body)]
        assert _conversation(settings, head + chunks + b"\r\n0\r\n\r\n").startswith(b"HTTP/1.1 200")

        too_long = _raw(b"", "l1", "Content-Length: 9000000")
        assert _conversation(settings, too_long).startswith(b"HTTP/1.1 413")

        cut = _raw(body, "s1", f"Content-Length: {len(body) + 1}")
        began = time.monotonic()
        assert _conversation(settings, cut).startswith(b"HTTP/1.1 408")
        assert 4 < time.monotonic() - began < 9

        endless = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: aaaaaaaa\r\n" * 200_000
        began = time.monotonic()
        # The connection is cut while we still send, so the answer may be lost on its way.
        assert _conversation(settings, endless)[:12] in (b"HTTP/1.1 431", b"")
        assert time.monotonic() - began < 5
        assert _conversation(settings, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
        assert stopped(process) == 0
    assert sorted(stored_ids(settings)) == ["c1", "p0", "p1", "p2", "p3", "p4"]


def test_headers_that_never_end_are_not_waited_for(settings: Settings) -> None:
    with gateway(settings):
        began = time.monotonic()
        assert _conversation(settings, b"POST /webhooks HTTP/1.1\r\nHost: 12", 20) == b""
        assert time.monotonic() - began < 15


def test_a_page_that_watches_does_not_delay_the_stop(settings: Settings) -> None:
    path = f"/console/api/stores/{SHOP}/customers/{'ab' * 16}/events"
    with gateway(settings) as process:
        connection = HTTPConnection("127.0.0.1", settings.port, timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.readline().startswith(b"data: {")
        began = time.monotonic()
        assert stopped(process) == 0
        assert time.monotonic() - began < 3
        connection.close()


def test_a_port_that_is_taken_is_said_in_one_line(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.port))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=child_environment(settings),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode != 0
    assert f"{settings.port} cannot be listened on" in done.stderr


def test_log_lines_are_json_and_name_nobody(tmp_path: Path) -> None:
    settings = new_home(tmp_path / "home", port=free_port())
    customer = 8_412_345_678
    with gateway_with_log(settings) as process:
        body = order_body(77_001_122, customer, NOW_US)
        connection = HTTPConnection("127.0.0.1", settings.port, timeout=10)
        connection.request("POST", "/webhooks", body, delivery_headers(body, "w1"))
        assert connection.getresponse().read() == b"{}"
        connection.request("GET", f"/v1/stores/{SHOP}/features/{customer}")
        assert connection.getresponse().read()
        connection.close()
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=15)
    lines = [json.loads(line) for line in told.splitlines()]
    (webhook,) = [line["webhook"] for line in lines if "webhook" in line]
    assert (webhook["topic"], webhook["store"], webhook["result"]) == (
        "orders/create",
        SHOP,
        "stored",
    )
    assert str(customer) not in told
    assert "77001122" not in told


@contextmanager
def gateway_with_log(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Run a web process whose log lines are kept."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=child_environment(settings) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=os.fspath(settings.home.parent),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
