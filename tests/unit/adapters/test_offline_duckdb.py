"""The folder of the offline store: whole changes, crashes, damage, sweeping, and erasure."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from offline_cases import ANNA, BEN, NOVEMBER, OCTOBER, ONE, count, small_orders

from shopwright.adapters import offline_duckdb, offline_manifest, offline_rows
from shopwright.adapters.offline_duckdb import DuckDbOfflineStore
from shopwright.adapters.offline_manifest import Manifest, read_newest
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import MonthPartition
from shopwright.core.types.order import by_customer


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_another_process_continues_where_the_first_ended(tmp_path: Path) -> None:
    DuckDbOfflineStore(tmp_path).write({OCTOBER: small_orders(1)}, {}, through=4)
    second = DuckDbOfflineStore(tmp_path)
    assert (second.through(), count(second, "orders")) == (4, 1)
    second.write({NOVEMBER: small_orders(2)}, {}, through=5)
    assert (second.through(), count(second, "orders")) == (5, 2)


def test_files_are_sorted_compressed_and_named_by_their_content(tmp_path: Path) -> None:
    store = DuckDbOfflineStore(tmp_path)
    versions = small_orders(*range(20)) + small_orders(*range(20, 30), customer=BEN)
    store.write({OCTOBER: versions[::-1]}, {}, through=1)
    (path,) = (tmp_path / "orders" / ONE).iterdir()
    table = pq.ParquetFile(path).read()
    rows = list(zip(table["customer"].to_pylist(), table["occurred_us"].to_pylist(), strict=True))
    assert rows == sorted(rows)
    group = pq.ParquetFile(path).metadata.row_group(0)
    assert {group.column(i).compression for i in range(group.num_columns)} == {"ZSTD"}
    before = _files(tmp_path)
    store.write({OCTOBER: versions}, {}, through=1)
    assert _files(tmp_path) - before == {"manifest-2.json"}


def test_all_partitions_are_replaced_or_none(tmp_path: Path) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: small_orders(1)}, {}, through=1)
    outside = MonthPartition(StoreId("../outside"), "2025-10")
    with pytest.raises(BadInput, match="nothing was written"):
        store.write({OCTOBER: small_orders(1, 2), outside: small_orders(3)}, {}, through=2)
    assert (store.through(), count(store, "orders")) == (1, 1)
    assert not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize("month", ["..", "2025/10", "", "a" * 300])
def test_a_month_that_is_no_name_is_refused(tmp_path: Path, month: str) -> None:
    with pytest.raises(BadInput, match="nothing was written"):
        DuckDbOfflineStore(tmp_path).write({MonthPartition(ONE, month): small_orders(1)}, {}, 1)


def test_a_crash_before_the_manifest_changes_nothing_and_is_swept_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: small_orders(1)}, {}, through=1)
    before = _files(tmp_path)

    def crash(folder: Path, manifest: Manifest) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(offline_duckdb, "commit", crash)
        with pytest.raises(KeyboardInterrupt):
            store.write({OCTOBER: small_orders(1, 2, 3)}, {}, through=2)
    orphans = _files(tmp_path) - before
    assert len(orphans) == 2
    assert (store.through(), count(store, "orders")) == (1, 1)
    (tmp_path / "manifest-2.json.unfinished").write_bytes(b"{half")
    restarted = DuckDbOfflineStore(tmp_path)
    restarted.write({NOVEMBER: small_orders(4)}, {}, through=2)
    assert not orphans & _files(tmp_path)
    assert not any(name.endswith(".unfinished") for name in _files(tmp_path))
    assert count(restarted, "orders") == 2


WRITER = """
import sys
from pathlib import Path
from offline_cases import OCTOBER, NOVEMBER, small_orders
from shopwright.adapters.offline_duckdb import DuckDbOfflineStore
store = DuckDbOfflineStore(Path(sys.argv[1]))
for number in range(1, 10_000):
    orders = small_orders(*range(number))
    store.write({OCTOBER: orders, NOVEMBER: orders}, {}, number)
    print(number, flush=True)
"""


def test_a_writer_that_is_killed_leaves_a_whole_state(tmp_path: Path) -> None:
    support = str(Path(__file__).parents[2] / "support")
    for killed_after in (1, 5, 12):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": support},
        ) as process:
            assert process.stdout is not None
            told = [int(process.stdout.readline()) for _ in range(killed_after)]
            process.kill()
        store = DuckDbOfflineStore(tmp_path)
        assert store.through() >= told[-1]
        assert count(store, "orders") == 2 * store.through()


def test_readers_see_whole_states_while_a_writer_writes(tmp_path: Path) -> None:
    writer, reader = DuckDbOfflineStore(tmp_path), DuckDbOfflineStore(tmp_path)
    writer.write({}, {}, through=1)
    stop = threading.Event()

    def write() -> None:
        for number in range(2, 40):
            orders = small_orders(*range(number))
            writer.write({OCTOBER: orders, NOVEMBER: orders}, {}, through=number)
        stop.set()

    thread = threading.Thread(target=write)
    thread.start()
    counts = []
    while not stop.is_set():
        counts.append(count(reader, "orders"))
    thread.join()
    assert all(seen % 2 == 0 for seen in counts)
    assert counts == sorted(counts)
    assert count(reader, "orders") == 2 * 39


def test_the_last_three_states_are_kept_with_all_their_files(tmp_path: Path) -> None:
    store = DuckDbOfflineStore(tmp_path)
    for number in range(1, 7):
        store.write({OCTOBER: small_orders(*range(number))}, {}, through=number)
        held = read_newest(tmp_path)
        if number == 4:
            followed = held
    assert offline_manifest.numbers_in(tmp_path) == [4, 5, 6]
    assert followed.paths() <= _files(tmp_path)
    assert len(_files(tmp_path)) == 3 + 3 * 2


def test_a_reader_whose_files_were_swept_starts_again_on_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: small_orders(1)}, {}, through=1)
    looks: list[Manifest] = []

    def look_then_sweep(folder: Path) -> Manifest:
        looks.append(read_newest(folder))
        if len(looks) == 1:
            writer = DuckDbOfflineStore(tmp_path)
            monkeypatch.setattr(offline_duckdb, "read_newest", read_newest)
            for number in range(2, 6):
                writer.write({OCTOBER: small_orders(*range(number))}, {}, through=number)
        return looks[-1]

    monkeypatch.setattr(offline_duckdb, "read_newest", look_then_sweep)
    assert count(store, "orders") == 5
    assert looks[0].number == 1


def test_a_manifest_that_is_swept_between_two_looks_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    DuckDbOfflineStore(tmp_path).write({}, {}, through=8)
    found = [[1], [1]]
    numbers_in = offline_manifest.numbers_in

    def look(folder: Path) -> list[int]:
        if len(found) == 2:
            (folder / "manifest-1.json").rename(folder / "manifest-2.json")
        return found.pop() if found else numbers_in(folder)

    monkeypatch.setattr(offline_manifest, "numbers_in", look)
    assert read_newest(tmp_path).through == 8


def test_a_forgotten_customer_is_in_no_file_of_any_state(tmp_path: Path) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: small_orders(1)}, {}, through=1)
    store.write({OCTOBER: small_orders(1, 2) + small_orders(3, customer=BEN)}, {}, through=2)
    assert store.forget(ONE, ANNA) == 1
    assert offline_manifest.numbers_in(tmp_path) == [3]
    named = {
        bytes(customer)
        for path in tmp_path.glob("*/*/*.parquet")
        for customer in pq.ParquetFile(path).read()["customer"].to_pylist()
    }
    assert named == {BEN}
    assert store.through() == 2


def test_a_forgotten_customer_is_also_taken_out_of_older_states_and_of_what_crashed(
    tmp_path: Path,
) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: small_orders(1)}, {}, through=1)
    store.write({OCTOBER: small_orders(2, customer=BEN)}, {}, through=2)
    orphan = tmp_path / "orders" / ONE / "2025-10-orphan.parquet"
    orphan.write_bytes(b"left behind")
    assert store.forget(ONE, ANNA) == 0
    assert offline_manifest.numbers_in(tmp_path) == [2]
    assert not orphan.exists()
    assert len(_files(tmp_path)) == 3


def test_a_query_leaves_nothing_behind(tmp_path: Path) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: small_orders(1)}, {}, through=1)
    before: Any = (sorted(tmp_path.iterdir()), sorted(Path.cwd().iterdir()))
    count(store, "orders")
    assert (sorted(tmp_path.iterdir()), sorted(Path.cwd().iterdir())) == before


def test_months_that_are_walked_once_give_the_same_files_as_sequences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline_rows, "ORDERS_AT_ONCE", 7)
    versions = small_orders(*range(40))
    whole, walked = DuckDbOfflineStore(tmp_path / "a"), DuckDbOfflineStore(tmp_path / "b")
    whole.write({OCTOBER: versions[::-1]}, {}, through=1)
    walked.write({OCTOBER: iter(sorted(versions, key=by_customer))}, {}, through=1)
    names = [
        sorted(path.relative_to(folder) for path in folder.rglob("*.parquet"))
        for folder in (tmp_path / "a", tmp_path / "b")
    ]
    assert names[0] == names[1]
    assert len(names[0]) == 2


def test_a_walk_that_is_out_of_order_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: small_orders(1)}, {}, through=1)
    ordered = sorted(small_orders(1, 2, 3), key=by_customer)
    with pytest.raises(BadInput, match="not by customer and time"):
        store.write({OCTOBER: iter(ordered[::-1])}, {}, through=2)
    assert store.through() == 1
