"""Point-in-time training sets with true windows over versions, against pandas and the mere scan.

Made orders of 1,000 stores over 730 days (heavy tails of store sizes and of repeat rates, one
order in 16 refunded later, which makes a second version of it), one Parquet file a store; 1.8 lines
stand for one order. The twelve features of (customer, instant) pairs by the portable SQL in DuckDB
with two threads; pandas merges and sums the same rows, once they are in memory and once read from
the files by DuckDB as well. Each run is a process of its own, and they alternate. The scan reads
every column that the features read. Ours answers all stores in one statement, the loop one store at
a time.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.machine import child, table
from shopwright.adapters.offline_query import Limits, define_files
from shopwright.adapters.offline_query import run as ask
from shopwright.adapters.offline_rows import SCHEMAS
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.order import UNTIL_FOREVER_US
from shopwright.features.definitions import CUSTOMER
from shopwright.features.sql import point_in_time_sql

ROUNDS = 3
STORES = 1_000
LINES_AN_ORDER = 1.8
END_US = 1_790_000_000_000_000
_SCAN = """SELECT COUNT(*) AS n, COUNT(customer) AS people, COUNT(store_id) AS stores,
CAST(SUM(known_us % 7 + known_until_us % 7 + occurred_us % 7 + gross_minor + refund_minor)
AS BIGINT) AS total, COUNT(*) FILTER (WHERE valid) AS counted FROM orders"""


def run() -> None:
    """Print seconds, memory and ratios for 100,000 and 1,000,000 labels."""
    for lines, labels, rivals in (
        (1_000_000, 100_000, ("ours", "scan", "pandas_in_memory", "pandas_from_files", "loop")),
        (10_000_000, 1_000_000, ("ours", "scan")),
    ):
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), round(lines / LINES_AN_ORDER), labels)
            _print(f"{labels:,} labels, {lines:,} lines", _measure(folder, rivals))


def _measure(folder: str, rivals: tuple[str, ...]) -> dict[str, tuple[float, float, float, str]]:
    best: dict[str, tuple[float, float, float, str]] = {}
    for _ in range(ROUNDS):
        for name in rivals:
            used = child([sys.executable, "-m", "benchmarks.training_set", name, folder])
            told = json.loads(used.out)
            found = (told["wall"], told["cpu"], used.peak_mb, told["digest"])
            best[name] = min(found, best.get(name, found))
    return best


def _print(what: str, best: dict[str, tuple[float, float, float, str]]) -> None:
    ours = best["ours"][0]
    table(
        (what, "wall s", "CPU s", "peak MB", "times ours", "answers"),
        [
            (name, wall, cpu, peak, wall / ours, digest)
            for name, (wall, cpu, peak, digest) in best.items()
        ],
    )
    if "loop" in best:
        print(f"\nloop of {STORES:,} stores / one pass: {best['loop'][0] / ours:.1f}")
    print(f"ours / scan: {ours / best['scan'][0]:.1f}\n", flush=True)


def make(folder: Path, orders: int, labels: int) -> None:
    """Write a Parquet file for each store, and the spine."""
    rng = np.random.default_rng(7)
    sizes = rng.pareto(1.1, STORES) + 1
    store = np.sort(rng.choice(STORES, orders, p=sizes / sizes.sum()))
    within = np.minimum(rng.pareto(0.9, orders), 1e7)
    of_store = np.bincount(store, minlength=STORES)[store]
    customer = (within * of_store / 25).astype(np.int64) % np.maximum(1, of_store * 2 // 5)
    key = np.stack([store, customer], axis=1)
    occurred = END_US - (rng.random(orders) * 730 * US_PER_DAY).astype(np.int64)
    gross = rng.integers(500, 30_000, orders)
    back = rng.random(orders) < 0.06
    known_until = np.where(
        back, occurred + rng.integers(2, 21, orders) * US_PER_DAY, UNTIL_FOREVER_US
    )
    first = _columns(store, key, 0, occurred, known_until, gross, np.zeros(orders, np.int64))
    again = {name: values[back] for name, values in first.items()}
    again |= {"version": again["version"] + 1, "known_us": again["known_until_us"]}
    again |= {"known_until_us": np.full(int(back.sum()), UNTIL_FOREVER_US)}
    again |= {"refund_minor": again["gross_minor"] // 2}
    again["net_minor"] = again["gross_minor"] - again["refund_minor"]
    every = {name: np.concatenate([first[name], again[name]]) for name in first}
    by_store = np.argsort(every["store"], kind="stable")
    every = {name: values[by_store] for name, values in every.items()}
    edges = np.searchsorted(every["store"], np.arange(STORES + 1))
    for number in range(STORES):
        part = {n: v[edges[number] : edges[number + 1]] for n, v in every.items()}
        pq.write_table(_table(part), folder / f"{number:04}.parquet", compression="zstd")
    picked = rng.integers(0, orders, labels)
    spine = {
        "row_id": np.arange(labels, dtype=np.int64),
        "store_id": _store_ids(store[picked]),
        "entity": pa.array(_keys(key[picked]), pa.binary()),
        "as_of_us": occurred[picked] + (rng.random(labels) * 120 * US_PER_DAY).astype(np.int64),
        "minor_per_major": np.full(labels, 100, dtype=np.int64),
    }
    pq.write_table(pa.table(spine), folder / "spine.arrow")


def _columns(
    store: np.ndarray, key: np.ndarray, version: int, occurred: np.ndarray, until: np.ndarray,
    gross: np.ndarray, refund: np.ndarray,
) -> dict[str, np.ndarray]:  # fmt: skip
    return {
        "store": store, "person": key[:, 1], "number": np.arange(len(store)),
        "version": np.full(len(store), version), "known_us": occurred, "known_until_us": until,
        "occurred_us": occurred, "gross_minor": gross, "refund_minor": refund,
        "net_minor": gross - refund,
    }  # fmt: skip


def _table(part: dict[str, np.ndarray]) -> pa.Table:
    whole = {
        **part,
        "store_id": _store_ids(part["store"]),
        "order_key": pa.array([int(n).to_bytes(16, "big") for n in part["number"]], pa.binary()),
        "customer": pa.array(_keys(np.stack([part["store"], part["person"]], axis=1)), pa.binary()),
        "valid": np.ones(len(part["store"]), dtype=bool),
    }
    schema = SCHEMAS["orders"]
    return pa.table({name: pa.array(whole[name]) for name in schema.names}).cast(schema)


def _store_ids(numbers: np.ndarray) -> pa.Array:
    return pa.array([f"store-{n:04}.myshopify.com" for n in numbers.tolist()])


def _keys(pairs: np.ndarray) -> list[bytes]:
    return [store.to_bytes(8, "big") + one.to_bytes(8, "big") for store, one in pairs.tolist()]


def _answer(folder: Path, spine: object, files: list[Path], sql: str) -> dict[str, np.ndarray]:
    return dict(ask(sql, define_files({"orders": files}), spine, Limits(), folder))  # type: ignore[arg-type]


def _spine(folder: Path) -> dict[str, np.ndarray]:
    found = pq.read_table(folder / "spine.arrow")
    return {name: found[name].to_numpy(zero_copy_only=False) for name in found.column_names}


def _prepared(name: str, folder: Path) -> Callable[[], str]:
    """Return what is timed; reading what it is given is not."""
    files = sorted(folder.glob("*.parquet"))
    spine, sql = _spine(folder), point_in_time_sql(CUSTOMER)
    if name == "scan":
        return lambda: str(_answer(folder, None, files, _SCAN)["n"][0])
    if name == "ours":
        return lambda: _digest(_answer(folder, spine, files, sql))
    from benchmarks.import_and_history import _frame, _pandas

    def frame() -> object:
        return _frame(_answer(folder, None, files, "SELECT * FROM orders"))

    if name == "pandas_from_files":
        return lambda: _digest(_pandas(frame(), spine))
    if name == "pandas_in_memory":
        # Keys carry the store, so that one frame holds all of them.
        there = frame()
        return lambda: _digest(_pandas(there, spine))
    order = np.argsort(spine["store_id"], kind="stable")
    names, starts = np.unique(spine["store_id"][order], return_index=True)
    by_name = {f"store-{int(path.stem):04}.myshopify.com": path for path in files}

    def loop() -> str:
        ends = [*starts[1:], len(order)]
        for store, start, end in zip(names, starts, ends, strict=True):
            rows = order[start:end]
            part = {column: values[rows] for column, values in spine.items()}
            _answer(folder, part, [by_name[store]], sql)
        return "not summed"

    return loop


def _digest(answer: object) -> str:
    """Return the sums of the whole-number columns: enough to see that two answers are alike."""
    whole = [name for name in CUSTOMER.names if name.startswith(("orders_", "net_spend_"))]
    return " ".join(str(int(np.asarray(answer[name]).sum())) for name in whole[:5])  # type: ignore[index]


def _main(name: str, folder: str) -> None:
    work = _prepared(name, Path(folder))
    wall, cpu = time.perf_counter(), time.process_time()
    digest = work()
    told = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "digest": digest,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    _main(*sys.argv[1:])
