"""The doctor: one look at each kind of trouble, on real files."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from shopwright.app.bootstrap import open_intake, open_ledger
from shopwright.app.cli.program import run
from shopwright.app.schedule import Failures, Slot, write_failures
from shopwright.app.settings import load
from shopwright.core.types.event import Event
from shopwright.core.types.identity import StoreId

POTS = StoreId("pots.myshopify.com")
HOME = Path(".shopwright")
MATERIALIZE = """
from shopwright.app.owner import own
from shopwright.app.settings import load
with own(load()) as owner:
    assert owner.materializer.step(10).dead_topics
"""


@pytest.fixture(autouse=True)
def _with_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0
    assert run(["stores", "add", "pots", "--currency", "GBP", "--timezone", "UTC"]) == 0
    capsys.readouterr()


def examined(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, list[str]]]:
    """Return the exit code, and level and words by what was looked at."""
    code = run(["doctor", "--json", *more])
    found: dict[str, list[str]] = {}
    for finding in json.loads(capsys.readouterr().out):
        words = f"{finding['level']}: {finding['says']} → {finding['do']}"
        found.setdefault(finding["what"], []).append(words)
    return code, found


def receive(body: bytes, received_us: int = 1_790_000_000_000_000) -> None:
    event = Event(
        store_id=POTS,
        topic="orders/create",
        delivery_id="w1",
        event_id=None,
        triggered_us=None,
        received_us=received_us,
        api_version=None,
        subject=None,
        body=body,
    )
    open_intake(load(), "web-0").accept([event])


def test_a_fresh_store_has_warnings_and_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = examined(capsys)
    assert code == 0
    for what in ("data folder", "free disk", "master key", "file formats", "keys", "ledger"):
        assert found[what][0].startswith("ok: "), what
    assert found["worker"] == ["warn: no worker runs: webhooks wait in the log → shopwright up"]
    assert "no webhook secret" in found[POTS][0]
    assert "no customer is known yet" in found[POTS][1]
    assert "shopwright train --store pots.myshopify.com" in found[f"{POTS} propensity"][0]


def test_people_get_a_line_for_each_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok    data folder")
    assert any(line.strip() == "→ shopwright up" for line in lines)


def test_one_store_may_be_named_and_must_be_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stores", "add", "pans", "--currency", "GBP", "--timezone", "UTC"]) == 0
    capsys.readouterr()
    _, found = examined(capsys, "pans")
    assert "pans.myshopify.com" in found
    assert POTS not in found
    assert run(["doctor", "bowls"]) == 2
    assert "bowls.myshopify.com: this store is not known" in capsys.readouterr().err


def test_an_empty_folder_is_told_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", "new", "doctor"]) == 1
    said = capsys.readouterr().out
    assert "there is no master key yet; run `shopwright init`" in said
    assert not Path("new").exists()


def spoil_key() -> None:
    Path(".shopwright.key").write_text("A" * 43 + "=\n")


def lose_key() -> None:
    Path(".shopwright.key").unlink()


def show_key() -> None:
    Path(".shopwright.key").chmod(0o644)


def spoil_ledger() -> None:
    open_ledger(load()).close()
    (HOME / "ledger" / "00.sqlite").write_bytes(b"not a database" * 1_000)


def spoil_history() -> None:
    (HOME / "offline").mkdir()
    (HOME / "offline" / "manifest-1.json").write_bytes(b"{}")


def foreign_ledger() -> None:
    (HOME / "ledger").mkdir(exist_ok=True)
    with closing(sqlite3.connect(HOME / "ledger" / "00.sqlite")) as connection:
        connection.execute("CREATE TABLE recipes (cake TEXT)")


def newer_control() -> None:
    with closing(sqlite3.connect(HOME / "control.db")) as connection:
        connection.execute("PRAGMA user_version = 99")


TROUBLES = [
    (lose_key, "master key", "there is no master key yet; run `shopwright init`"),
    (show_key, "master key", "chmod 600 "),
    (
        spoil_ledger,
        "file formats",
        "00.sqlite: the file is damaged (file is not a database) → `shopwright replay --adopt`",
    ),
    (spoil_history, "copies", "manifest-1.json"),
    (foreign_ledger, "file formats", "00.sqlite is no ledger"),
    (newer_control, "file formats", "which is newer than the 3 known here → upgrade Shopwright"),
]


@pytest.mark.parametrize(("trouble", "what", "words"), TROUBLES)
def test_a_trouble_fails_and_is_named(
    trouble: Callable[[], None], what: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trouble()
    code, found = examined(capsys)
    assert code == 1
    assert found[what][0].startswith("fail: ")
    assert words in found[what][0]


def test_another_master_key_fails(capsys: pytest.CaptureFixture[str]) -> None:
    receive(b"{}")  # something is sealed under the right one
    spoil_key()
    code, found = examined(capsys)
    assert code == 1
    assert "master key" in found["keys"][0]
    assert found["keys"][0].startswith("fail: ")


def test_a_full_disk_fails_and_a_nearly_full_one_warns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    free = os.statvfs(".").f_bavail * os.statvfs(".").f_frsize >> 20
    monkeypatch.setenv("SHOPWRIGHT_FREE_DISK_MB_MIN", str(free * 2))
    code, found = examined(capsys)
    assert (code, found["free disk"][0][:5]) == (1, "fail:")
    monkeypatch.setenv("SHOPWRIGHT_FREE_DISK_MB_MIN", str(round(free * 0.75)))
    code, found = examined(capsys)
    assert (code, found["free disk"][0][:5]) == (0, "warn:")


def test_events_that_wait_too_long_warn_and_unreadable_ones_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    receive(b"{}")
    _, found = examined(capsys)
    assert "1 events wait, the oldest for" in found["ledger"][0]
    assert found["ledger"][0].startswith("warn: ")
    # In a process of its own: LMDB opens a folder once a process.
    subprocess.run([sys.executable, "-c", MATERIALIZE], check=True)
    _, found = examined(capsys)
    assert found["ledger"][0].startswith("ok: ")
    assert "1 events could not be read; they are kept" in found["dead letters"][0]
    assert found["history"][0].startswith("warn: has revision 0 of 1")
    assert run(["dead-letters"]) == 0
    assert "web-0:" in capsys.readouterr().out


def test_a_worker_that_runs_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    ledger = open_ledger(load())
    _, found = examined(capsys)
    assert found["worker"][0].startswith(f"ok: runs as process {os.getpid()}, by itself")
    ledger.close()


def test_trainings_that_failed_are_told_with_their_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    slot = Slot(POTS, "propensity")
    failed = Failures(store_id=POTS, task=slot.task, count=3, failed_us=1, reason="only 7 orders")
    write_failures(HOME / "run" / "schedule.json", {slot: failed})
    _, found = examined(capsys)
    assert "no model; 3 trainings failed: only 7 orders" in found[f"{POTS} propensity"][0]
