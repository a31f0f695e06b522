"""Killed at random, a backup leaves the last whole one, and a restore nothing half."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from counts import cases
from lived_home import LivedHome
from msgspec.structs import replace

from shopwright.app import bootstrap
from shopwright.app.backup.stage import nobody
from shopwright.app.backup.verify import verify
from shopwright.app.replaying import Replaying
from shopwright.app.settings import Settings, child_environment
from shopwright.core.types.log import Position

MASTER_KEY = bytes(range(32))
KILLS = cases(8, 100)
SECONDS_MAX = 60.0


@pytest.fixture
def lived(tmp_path: Path) -> LivedHome:
    home = LivedHome(tmp_path / "home", seed=5)
    home.receive(home.arrivals[:200])
    home.work()
    return home


@contextmanager
def traffic(lived: LivedHome) -> Iterator[list[str]]:
    """Webhooks and a worker go on for the length of the block; yields what was accepted so far."""
    stop, accepted = threading.Event(), []
    rest = lived.arrivals[200:]

    def go_on() -> None:
        for at in range(0, len(rest), 5):
            if stop.is_set():
                return
            lived.receive(rest[at : at + 5], "web-1")
            accepted.extend(one.webhook.webhook_id for one in rest[at : at + 5])
            lived.work()
            time.sleep(0.02)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield accepted
    finally:
        stop.set()
        thread.join()


def run(settings: Settings, arguments: Sequence[str], kill_after: float | None = None) -> int:
    """Run a command; kill it with all its children after some seconds, unless it is quicker."""
    process = subprocess.Popen(
        [sys.executable, "-m", "shopwright", *arguments],
        env=child_environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    try:
        return process.wait(SECONDS_MAX if kill_after is None else kill_after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def ids_in_log(settings: Settings) -> set[str]:
    return {one.event.delivery_id for one in bootstrap.open_log(settings).read(Position({}), 10**6)}


def test_killed_backups_and_restores(lived: LivedHome, tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    to, keys = tmp_path / "backup", tmp_path / "keys"
    taking = ["backup", str(to), "--keys-to", str(keys)]
    began = time.monotonic()
    with traffic(lived) as accepted:
        assert run(lived.settings, taking) == 0
        lasts = time.monotonic() - began
        killed = 0
        for _ in range(KILLS):
            killed += run(lived.settings, taking, rng.uniform(0.3, 1.0) * lasts) == -signal.SIGKILL
            verify(to, None, MASTER_KEY, nobody)
        before = set(accepted)
        assert run(lived.settings, taking) == 0
    assert killed > 0, "no kill came in time"
    elsewhere = replace(
        lived.settings,
        home=tmp_path / "elsewhere",
        erasure_journal=tmp_path / "elsewhere.erasures",
    )
    putting = ["restore", str(to), "--keys-from", str(keys)]
    for _ in range(KILLS):
        if run(elsewhere, putting, rng.uniform(0.3, 1.0) * lasts) == 0:
            break
        if elsewhere.home.exists():
            break  # it has its name, so it is whole: killed while it said so
    else:
        assert run(elsewhere, putting) == 0
    assert before <= ids_in_log(elsewhere)
    again = object.__new__(LivedHome)
    again.__dict__ |= lived.__dict__ | {"settings": elsewhere}
    again.work()
    assert Replaying(elsewhere, lambda _: None).run(adopting=False).is_equal
