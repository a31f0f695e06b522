"""Real orders into an installation, and features of 100,000 (customer, instant) pairs.

Import: `shopwright import` of 934,611 lines, everything included (reading, matching of
cancellations, sealing, log with fsync, ledger, online store, Parquet). Snapshot: the twelve
features of every customer as of one instant by DuckDB over our Parquet. Pairs: the same engine
against
pandas 2 on the same version rows already in memory (joined in blocks, the usual way), values
compared; the two alternate.
"""

import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.machine import PROGRAM, REAL_ORDERS, child, table
from benchmarks.propensity_real_orders import STORE, make_home
from shopwright.app.bootstrap import open_offline, open_stores
from shopwright.app.settings import load
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.identity import Pseudonym
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines.point_in_time import features, population, spine

ROWS = 934_611
PAIRS = 100_000
ROUNDS = 3
PEAK_MB_MAX = 2_048


def run() -> None:
    """Print rows a second, peak memory, and the ratio to pandas."""
    if not REAL_ORDERS.exists():
        print("skipped: ../shared/data is absent")
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        environment = make_home(home)
        used = child(
            [*PROGRAM, "import", str(REAL_ORDERS), "--store", STORE, "--format", "transactions",
             "--currency", "GBP", "--timezone", "Europe/London"],
            environment,
        )  # fmt: skip
        met = "met" if used.peak_mb < PEAK_MB_MAX else "MISSED"
        table(
            ("import", "rows/s", "CPU s", "peak MB", f"peak < {PEAK_MB_MAX} MB"),
            [("everything included", ROWS / used.wall, used.cpu, used.peak_mb, met)],
        )
        print()
        _pairs(home)


def _pairs(home: Path) -> None:
    settings = load(Path("/dev/null"), {"SHOPWRIGHT_HOME": str(home)})
    store, offline = open_stores(settings).all()[0], open_offline(settings)
    orders = offline.query("SELECT * FROM orders", [store.store_id], None)
    people = sorted({bytes(c) for c in orders["customer"] if c is not np.ma.masked and c})
    low, high = int(orders["occurred_us"].min()), int(orders["occurred_us"].max())
    rng = np.random.default_rng(1)
    who = [Pseudonym(people[i]) for i in rng.integers(0, len(people), PAIRS)]
    when = rng.integers(low, high + 60 * US_PER_DAY, PAIRS).tolist()
    asked = spine(store, who, when)
    ours, theirs, equal = [], [], True
    frame = _frame(orders)
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = features(offline, store, CUSTOMER, asked)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        expected = _pandas(frame, asked)
        theirs.append(time.perf_counter() - began)
        equal &= all(_same(answer[name], expected[name]) for name in CUSTOMER.names)
    began = time.perf_counter()
    everyone = population(offline, store, [high])
    features(offline, store, CUSTOMER, everyone)
    snapshot = time.perf_counter() - began
    table(
        ("features", "rows", "Shopwright s", "pandas s", "ratio", "values"),
        [
            (f"pairs, best of {ROUNDS}", PAIRS, min(ours), min(theirs), min(theirs) / min(ours),
             "equal" if equal else "DIFFERENT"),
            ("snapshot of everyone", len(everyone["row_id"]), snapshot, "", "", ""),
        ],
    )  # fmt: skip


def _frame(orders: "dict[str, np.ndarray]") -> object:
    import pandas as pd

    rows = {
        name: np.ma.filled(orders[name], b"" if orders[name].dtype == object else 0)
        for name in ("customer", "known_us", "known_until_us", "occurred_us", "valid",
                     "gross_minor", "refund_minor", "net_minor")
    }  # fmt: skip
    frame = pd.DataFrame(rows)
    frame["customer"] = frame["customer"].map(bytes)
    return frame[frame["valid"]]


def _pandas(frame: object, asked: "dict[str, np.ndarray]") -> object:
    """The twelve features by a merge and grouped sums: what a careful analyst writes."""
    import pandas as pd

    pairs = pd.DataFrame({name: asked[name] for name in ("row_id", "entity", "as_of_us")})
    j = pairs.merge(frame, left_on="entity", right_on="customer", how="inner")
    j = j[
        (j.known_us < j.as_of_us) & (j.as_of_us <= j.known_until_us) & (j.occurred_us < j.as_of_us)
    ]
    for days in (7, 30, 90):
        inside = j.occurred_us >= j.as_of_us - days * US_PER_DAY
        j[f"orders_{days}d"] = inside.astype("int64")
        j[f"net_spend_{days}d"] = j.net_minor.where(inside, 0)
    g = j.groupby("row_id")
    out = g[["orders_7d", "orders_30d", "orders_90d", "net_spend_30d", "net_spend_90d"]].sum()
    out["orders_total"], out["net_spend_total"] = g.size(), g.net_minor.sum()
    first, last = g.occurred_us.min(), g.occurred_us.max()
    gross, refund = g.gross_minor.sum(), g.refund_minor.sum()
    at = pairs.set_index("row_id").as_of_us
    out = out.reindex(pairs.row_id)
    out["recency_days"] = (at - last.reindex(at.index)) / US_PER_DAY
    out["tenure_days"] = (at - first.reindex(at.index)) / US_PER_DAY
    gap = (last - first).reindex(at.index) / ((out.orders_total - 1) * US_PER_DAY)
    out["interpurchase_days"] = gap.where(out.orders_total > 1)
    out["aov_total"] = out.net_spend_total / (out.orders_total * 100)
    ratio = (refund / gross).where(gross != 0)
    out["refund_ratio_total"] = ratio.reindex(at.index)
    counts = [n for n in CUSTOMER.names if n.startswith(("orders_", "net_spend_"))]
    out[counts] = out[counts].fillna(0)
    return out


def _same(ours: "np.ndarray", theirs: object) -> bool:
    mine = np.ma.filled(ours.astype(np.float64), np.nan)
    return bool(np.array_equal(mine, np.asarray(theirs, np.float64), equal_nan=True))


assert duckdb.__version__ >= "2"  # the figures are of this engine
