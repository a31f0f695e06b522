"""`shopwright up` as a user starts it: real processes, a real port, real signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from made_orders import order_rows, write_csv
from made_web import SHOP, delivery_headers, order_body
from made_web_light import new_home
from msgspec.structs import replace

from shopwright.app import bootstrap
from shopwright.app.lock import holder
from shopwright.app.settings import Settings, child_environment

CUSTOMER_ID = 4711
STOP_SECONDS_MAX = 10.0
NOW_US = 1_790_000_000_000_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of a new data folder with one store and a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return new_home(tmp_path / "home", port=port)


@contextmanager
def up(settings: Settings, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``shopwright up`` inside the block; its lines go to ``up.log`` beside the data folder."""
    with (settings.home.parent / "up.log").open("ab") as lines:
        process = subprocess.Popen(
            [sys.executable, "-m", "shopwright", "up", *options],
            env=child_environment(settings),
            cwd=settings.home.parent,
            stdout=lines,
            stderr=lines,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def stopped(process: subprocess.Popen[bytes]) -> int:
    """Ask for the stop; return the exit code, which must come in time."""
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code = process.wait(STOP_SECONDS_MAX + 10)
    assert time.monotonic() - started < STOP_SECONDS_MAX
    return code


def until(condition: Callable[[], object], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def ask(
    settings: Settings, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    """Return status and body; (0, b"") while nobody answers."""
    connection = HTTPConnection(settings.host, settings.port, timeout=5)
    try:
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


def is_ready(settings: Settings) -> bool:
    return ask(settings, "GET", "/readyz")[0] == 200


def children(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """Return the running children by role, from the kernel's own table."""
    pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    found: dict[str, int] = {}
    for pid in pids:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        if "--role" in words:
            found[words[words.index("--role") + 1]] = int(pid)
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def send_order(settings: Settings, number: int) -> int:
    body = order_body(number, CUSTOMER_ID, NOW_US + number)
    headers = delivery_headers(body, f"w{number}")
    return ask(settings, "POST", "/webhooks", body, **headers)[0]


def orders_known(settings: Settings) -> float:
    """Return the customer's orders, as the command line is told by the online store."""
    asked = ["features", "get", str(CUSTOMER_ID), "--store", SHOP, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "shopwright", *asked],
        env=child_environment(settings),
        capture_output=True,
        check=True,
    )
    return float(json.loads(done.stdout)["values"]["orders_total"])


def test_it_starts_takes_webhooks_and_stops_in_time_without_leaving_a_process(
    settings: Settings,
) -> None:
    with up(settings) as process:
        until(lambda: is_ready(settings))
        until(lambda: len(children(process)) == 3)
        pids = list(children(process).values())
        assert send_order(settings, 1) == 200
        until(lambda: orders_known(settings) == 1)
        assert stopped(process) == 0
    assert not any(is_alive(pid) for pid in pids)
    assert not is_ready(settings)


def test_ctrl_c_stops_it_as_well(settings: Settings) -> None:
    with up(settings) as process:
        until(lambda: is_ready(settings))
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_SECONDS_MAX) == 0


def test_it_goes_on_where_it_was(settings: Settings) -> None:
    for number in (1, 2):
        with up(settings) as process:
            until(lambda: is_ready(settings))
            assert send_order(settings, number) == 200
            assert send_order(settings, 1) == 200  # known since the first time
            assert stopped(process) == 0
    with up(settings) as process:
        until(lambda: is_ready(settings))
        until(lambda: orders_known(settings) == 2)
        assert stopped(process) == 0


@pytest.mark.parametrize("role", ["web", "worker", "scheduler"])
def test_a_killed_child_is_started_again(settings: Settings, role: str) -> None:
    with up(settings) as process:
        until(lambda: is_ready(settings))
        until(lambda: role in children(process))
        killed = children(process)[role]
        os.kill(killed, signal.SIGKILL)
        until(lambda: children(process).get(role) not in (None, killed))
        until(lambda: is_ready(settings))
        assert send_order(settings, 1) == 200
        until(lambda: orders_known(settings) == 1)
        assert stopped(process) == 0


def test_two_web_processes_share_the_port_and_their_numbers(settings: Settings) -> None:
    log, sent = bootstrap.open_log(settings), 0
    with up(settings, "--workers", "2") as process:
        until(lambda: is_ready(settings))
        until(lambda: len(_webs(process)) == 2)
        while not {"web-0", "web-1"} <= set(log.end()):
            sent += 1
            assert sent < 500, "one of the two never got a connection"
            assert send_order(settings, sent) == 200
            time.sleep(0.02)
        until(lambda: orders_known(settings) == sent)
        shown = ask(settings, "GET", "/metrics")[1].decode().splitlines()
        counted = [line for line in shown if line.startswith("shopwright_webhooks_total{")]
        assert sum(float(line.split()[-1]) for line in counted) == sent
        assert stopped(process) == 0
    log.close()


def _webs(process: subprocess.Popen[bytes]) -> list[str]:
    pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in pids]
    return [line for line in lines if "\0web\0" in line]


def test_a_second_one_on_the_same_folder_is_told_who_runs(settings: Settings) -> None:
    with up(settings) as process:
        until(lambda: holder(settings.run_folder / "up.lock"))
        second = subprocess.run(
            [sys.executable, "-m", "shopwright", "up", "--port", "1"],
            env=child_environment(settings),
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert second.returncode == 1
        assert f"by process {process.pid}" in second.stderr.decode().splitlines()[-1]
        assert stopped(process) == 0


def test_children_of_a_killed_supervisor_stop_by_themselves(settings: Settings) -> None:
    with up(settings) as process:
        until(lambda: is_ready(settings))
        until(lambda: len(children(process)) == 3)
        pids = list(children(process).values())
        process.kill()
        process.wait()
        until(lambda: not any(is_alive(pid) for pid in pids))


@pytest.mark.parametrize("role", ["web", "worker", "scheduler"])
def test_one_role_runs_alone_and_stops(settings: Settings, role: str) -> None:
    locks = {
        "worker": settings.home / "ledger" / "00.lock",
        "scheduler": settings.run_folder / "scheduler.lock",
    }
    with up(settings, "--role", role) as process:
        if role == "web":
            until(lambda: is_ready(settings))
        else:
            until(lambda: holder(locks[role]) == process.pid)
        assert stopped(process) == 0


def test_history_that_is_imported_beside_it_is_trained_on_and_answered(
    settings: Settings, tmp_path: Path
) -> None:
    write_csv(tmp_path / "orders.csv", order_rows(datetime.now(UTC)))
    settings = replace(settings, train_retry_minutes=1)
    with up(settings) as process:
        until(lambda: is_ready(settings))
        imported = subprocess.run(
            [sys.executable, "-m", "shopwright", "import", "orders.csv", "--store", SHOP, "--json"],
            env=child_environment(settings),
            cwd=tmp_path,
            capture_output=True,
            check=True,
        )
        assert json.loads(imported.stdout)["events_new"] > 1_000
        question = json.dumps({"task": "propensity", "entities": ["1000", "1001"]}).encode()
        path = f"/v1/stores/{SHOP}/predict"
        headers = {"content-type": "application/json"}
        until(lambda: ask(settings, "POST", path, question, **headers)[0] == 200, 150)
        answer = json.loads(ask(settings, "POST", path, question, **headers)[1])
        assert 0 < answer["predictions"][0]["score"] < 1
        assert stopped(process) == 0


def test_a_key_that_cannot_be_used_is_said_once_and_nothing_starts(settings: Settings) -> None:
    settings.master_key_file.write_text("not base64!")
    with up(settings) as process:
        assert process.wait(40) == 2
    (said,) = (settings.home.parent / "up.log").read_text().splitlines()
    assert said.startswith("shopwright: ")
    assert "the master key is not base64" in said
