"""R6: a full disk is answered 503 and loses nothing; once it is freed all is caught up."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from counts import cases
from made_web_light import SHOP
from real_gateway import (
    ANSWERS_FIRST,
    CUSTOMERS_SHARE,
    customer_of,
    gateway,
    gateway_home,
    send_all,
    stopped,
    stored_ids,
    webhook_id,
)
from small_disk import SmallDisk, small_disk

from shopwright.adapters.online_lmdb import LmdbOnlineStore
from shopwright.app import bootstrap
from shopwright.app.child import PROGRAM
from shopwright.app.settings import Settings, child_environment
from shopwright.core.clock import SystemClock
from shopwright.core.types.identity import StoreId
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import evaluate
from shopwright.pipelines.store_keys import StoreKeys

ROUNDS = cases(1, 5)
SECONDS_FULL = cases(2, 60)
CONNECTIONS = 10
EACH = 40
UNTIL_SECONDS_MAX = 120.0
NEW_SERIES = """
import sys
from shopwright.app.metrics import Metrics
metrics = Metrics()
print("ready", flush=True)
sys.stdin.readline()
for number in range(600):
    metrics.counter("shopwright_requests_total", f"/route/{number}", "200").inc()
"""

READ_COPY = """
import sys
from pathlib import Path
from shopwright.adapters.online_lmdb import LmdbOnlineStore
from shopwright.core.types.feature import PackedRecord

def records(first):
    return [
        PackedRecord(store_id="a.myshopify.com", view="customer", entity=b"%016d" % number,
                     revision=first, received_us=1, state=b"x" * 2_000)
        for number in range(first * 1_000, first * 1_000 + 500)
    ]

store = LmdbOnlineStore(Path(sys.argv[1]))
store.put(records(1), 1)
print("ready", flush=True)
sys.stdin.readline()
try:
    store.put(records(2), 2)
    print("stored", flush=True)
except Exception as error:
    print(type(error).__name__, flush=True)
sys.stdin.readline()
store.close()
store = LmdbOnlineStore(Path(sys.argv[1]))
print(store.through(), flush=True)
store.put(records(2), 2)
print(store.through(), len(store.page("a.myshopify.com", "customer", None, 5_000)), flush=True)
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 64) as mounted:
        yield mounted


@contextmanager
def whole_system(settings: Settings, told: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `shopwright up` inside the block, from its first answer on."""
    with told.open("wb") as lines:
        process = subprocess.Popen(
            [*PROGRAM, "up"], env=child_environment(settings), stdout=lines, stderr=lines
        )
    try:
        _until(lambda: set(send_all(settings.port, [0], 1).values()) == {200}, process)
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _worker_of(system: subprocess.Popen[bytes]) -> int:
    """Return the process id of the system's worker."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == system.pid and b"--role\0worker" in (entry / "cmdline").read_bytes():
                return int(entry.name)
    raise AssertionError("there is no worker")


def _until(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + UNTIL_SECONDS_MAX
    while not reached():
        assert process.poll() is None, "the system has stopped"
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.1)


def orders_of_everyone(settings: Settings, customers: list[int]) -> list[int]:
    """Return how many orders the features of each customer count."""
    keys, feed = bootstrap.open_keys(settings), bootstrap.open_feed(settings)
    name = StoreKeys(keys).pseudonymiser(StoreId(SHOP))
    now_us = SystemClock().now_us()
    found = {
        record.entity: evaluate(CUSTOMER, record.state, now_us, 100)["orders_total"]
        for record in feed.records(CUSTOMER.name, 0, 1_000_000)
    }
    feed.close()
    keys.close()
    return [int(found.get(name("customer", str(customer)), 0) or 0) for customer in customers]


def caught_up(settings: Settings) -> bool:
    """Whether the ledger and the history hold everything that the log holds."""
    try:
        ledger, log = bootstrap.open_ledger(settings, read_only=True), bootstrap.open_log(settings)
        feed, offline = bootstrap.open_feed(settings), bootstrap.open_offline(settings)
    except OSError:
        return False
    try:
        there = {name: end for name, end in log.end().items() if name.startswith("web-")}
        taken = ledger.through()
        whole = all(taken.get(name) == end for name, end in there.items())
        return whole and offline.through() == feed.revision()
    finally:
        for part in (ledger, log, feed):
            part.close()


def endings(told: Path) -> list[str]:
    """Return what the supervisor said of processes that ended."""
    return [line for line in told.read_text().splitlines() if "ended with" in line]


class Senders:
    """Who delivers webhooks, and what was answered."""

    def __init__(self, settings: Settings, disk: SmallDisk) -> None:
        self._settings, self._disk = settings, disk
        self.accepted: set[int] = {0}
        self.refused = 0

    def send(self, numbers: range) -> set[int]:
        """Deliver; return the statuses that came back."""
        answered = send_all(self._settings.port, numbers, CONNECTIONS)
        self.accepted |= {number for number, status in answered.items() if status == 200}
        self.refused += sum(status == 503 for status in answered.values())
        return set(answered.values())

    def besiege(self, numbers: range, process: subprocess.Popen[bytes], told: Path) -> None:
        """Deliver to a full disk until it has refused enough and the worker has met it as well."""
        ends = time.monotonic() + SECONDS_FULL
        before, met = self.refused, len(endings(told))

        def met_by_all() -> bool:
            assert self.send(numbers) <= {200, 503}
            self._disk.fill()
            refused = self.refused - before
            return time.monotonic() > ends and refused > EACH and len(endings(told)) > met

        _until(met_by_all, process)


def test_r06_full_then_freed_nothing_is_lost(disk: SmallDisk, tmp_path: Path) -> None:
    settings, told = gateway_home(disk.folder, "warning"), tmp_path / "lines"
    senders = Senders(settings, disk)
    with whole_system(settings, told) as process:
        for round_number in range(ROUNDS):
            first = 1 + round_number * 10 * EACH
            waiting = range(first + 4 * EACH, first + 5 * EACH)
            # The worker gets these only when there is no room left for what it makes of them.
            worker = _worker_of(process)
            os.kill(worker, signal.SIGSTOP)
            assert senders.send(range(first, first + 4 * EACH)) == {200}
            disk.fill()
            os.kill(worker, signal.SIGCONT)
            senders.besiege(waiting, process, told)
            disk.free()
            assert senders.send(waiting) == {200}
            _until(lambda: caught_up(settings), process)
    assert stored_ids(settings) == sorted(map(webhook_id, senders.accepted))
    customers = sorted({customer_of(number) for number in senders.accepted})
    orders = [sum(customer_of(n) == one for n in senders.accepted) for one in customers]
    assert orders_of_everyone(settings, customers) == orders
    assert max(orders) == CUSTOMERS_SHARE
    # Worker and scheduler end with a message and are started again; nobody dies of a signal.
    ended = endings(told)
    assert not [line for line in ended if "ended with 1;" not in line or "web" in line], ended


def test_r06_notices_an_answer_to_what_found_no_room(disk: SmallDisk) -> None:
    settings = gateway_home(disk.folder)
    with gateway(settings, ANSWERS_FIRST) as process:
        assert set(send_all(settings.port, [0], 1).values()) == {200}
        disk.fill()
        answered = send_all(settings.port, range(1, EACH), CONNECTIONS)
        assert stopped(process) == 0
    disk.free()
    believed = {webhook_id(number) for number, status in answered.items() if status == 200}
    assert believed - set(stored_ids(settings))


def test_r06_counting_goes_on_while_the_disk_is_full(disk: SmallDisk) -> None:
    """Counters lie in mapped files: a page that the disk cannot give would end the process."""
    folder = disk.folder / "metrics"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", NEW_SERIES],
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    disk.fill()
    process.communicate(b"\n", timeout=60)
    assert process.returncode == 0


def test_r06_the_read_copy_on_a_full_disk_is_an_error_and_stays_whole(disk: SmallDisk) -> None:
    """LMDB maps its file: what the disk cannot give must be an error, never a signal."""
    writer = subprocess.Popen(
        [sys.executable, "-c", READ_COPY, str(disk.folder / "online")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    disk.fill()
    writer.stdin.write("\n")
    writer.stdin.flush()
    assert writer.stdout.readline() not in ("stored\n", "")
    reader = LmdbOnlineStore(disk.folder / "online", readonly=True)
    assert reader.through() == 1
    assert len(reader.page(StoreId("a.myshopify.com"), "customer", None, 5_000)) == 500
    reader.close()
    disk.free()
    told, _ = writer.communicate("\n", timeout=60)
    assert told.splitlines() == ["1", "2 1000"]
    assert writer.returncode == 0
