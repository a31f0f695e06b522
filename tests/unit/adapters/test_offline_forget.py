"""What is forgotten is in no file of the offline store, nor in what a dead query left behind."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from offline_cases import ANNA, BEN, OCTOBER, ONE, TWO, catalogue, count, order, product

from shopwright.adapters.offline_duckdb import DuckDbOfflineStore
from shopwright.adapters.offline_spill import spill_folder, sweep_spills
from shopwright.core.types.ledger import MonthPartition

QUERY = """
import os, signal, sys
from pathlib import Path
from shopwright.adapters.offline_spill import spill_folder
with spill_folder(Path(sys.argv[1])) as folder:
    (folder / "duckdb_temp_storage-0.tmp").write_bytes(b"anna" * 4)
    print("spilled", flush=True)
    sys.stdin.read()
"""


def spills(folder: Path) -> list[Path]:
    return list(folder.glob("spill-*/*"))


def test_what_a_killed_query_spilled_is_swept_and_what_is_in_use_stays(tmp_path: Path) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: [order(1, ANNA), order(2, BEN)]}, {}, through=1)
    command = [sys.executable, "-c", QUERY, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as query:
        assert query.stdout is not None
        assert query.stdout.readline() == b"spilled\n"
        store.forget(ONE, ANNA)
        assert len(spills(tmp_path)) == 1
        query.send_signal(signal.SIGKILL)
        query.wait(20)
        assert len(spills(tmp_path)) == 1
        store.forget(ONE, ANNA)
        assert list(tmp_path.glob("spill-*")) == []
    assert count(store, "orders") == 1


def test_a_spill_folder_swept_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shopwright.adapters import offline_spill

    real, made = offline_spill.tempfile.mkdtemp, []

    def slow(**named: object) -> str:
        folder = real(**named)  # type: ignore[call-overload]
        made.append(folder)
        if len(made) == 1:
            sweep_spills(tmp_path)
        return str(folder)

    monkeypatch.setattr(offline_spill.tempfile, "mkdtemp", slow)
    with spill_folder(tmp_path) as folder:
        assert folder.is_dir()
        assert len(made) == 2
        sweep_spills(tmp_path)
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_forgotten_store_leaves_not_even_its_name(tmp_path: Path) -> None:
    store = DuckDbOfflineStore(tmp_path)
    theirs = MonthPartition(TWO, OCTOBER.month)
    store.write(
        {OCTOBER: [order(1, ANNA)], theirs: [order(2, BEN, store_id=TWO)]},
        {ONE: catalogue(product("7", "A"))},
        through=1,
    )
    store.forget(ONE, None)
    for path in tmp_path.rglob("*"):
        parts = path.relative_to(tmp_path).parts
        assert ONE not in parts
        assert f'"{ONE}"'.encode() not in (path.read_bytes() if path.is_file() else b"")
    assert count(store, "orders", [TWO]) == 1


def test_what_another_process_left_of_a_crash_goes_as_well(tmp_path: Path) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: [order(1, ANNA), order(2, BEN)]}, {}, through=1)
    orphan = tmp_path / "orders" / ONE / "2025-10-orphan.parquet"
    orphan.write_bytes(b"anna" * 4)
    unfinished = tmp_path / "orders" / ONE / "2025-10-x.parquet.unfinished"
    unfinished.write_bytes(b"anna" * 4)
    assert store.forget(ONE, ANNA) == 1
    assert not orphan.exists()
    assert not unfinished.exists()
