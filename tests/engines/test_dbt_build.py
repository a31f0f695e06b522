"""dbt builds every view on DuckDB and on a Spark cluster; no bit differs from the embedded engine.

The shop has lived more than a year on a faulty road: late and repeated webhooks, edits, refunds
before their order, guests, cancellations. It is asked as of an instant within its life, so that
what was corrected later must not be seen, and as of its end.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from absent import absent
from lived_home import LivedHome
from msgspec.structs import replace
from spark_cluster import TOOLS, SparkCluster

from shopwright.app import bootstrap
from shopwright.app.own_features import any_view_named
from shopwright.app.settings import child_environment
from shopwright.core.clock import US_PER_DAY, iso
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.features.item_view import ItemView
from shopwright.pipelines.point_in_time import (
    features_of_stores,
    item_spine,
    population,
    spine_of_stores,
)
from shopwright.simulator.profile import Scale

SPINES = {
    "customer": "spine",
    "customer_habits": "spine",
    "product": "product_spine",
    "variant": "variant_spine",
    "store": "store_spine",
}
YEAR = Scale(customers=60, days=420, fulfilment_told_share=0.1, stock_told=True)
QUIET = StoreId("quiet.myshopify.com")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> LivedHome:
    if not (TOOLS / "bin" / "dbt").exists():
        absent("dbt", "is not installed: `make engines` makes .venv-transform")
    home = LivedHome(tmp_path_factory.mktemp("dbt") / "home", 0, YEAR)
    # A store of which nothing is known yet has a row of zeros, in its own calendar.
    quiet = replace(home.store, store_id=QUIET, currency="JPY", timezone="Asia/Tokyo")
    bootstrap.open_stores(home.settings).put(quiet)
    home.receive(home.arrivals)
    home.work()
    return home


@pytest.fixture(scope="module")
def end_us(lived: LivedHome) -> int:
    return max(arrival.received_us for arrival in lived.arrivals) // 1_000_000 * 1_000_000


def exported(lived: LivedHome, folder: Path, as_of_us: int) -> Path:
    arguments = ["features", "export", "--dbt", str(folder), "--as-of", iso(as_of_us)]
    subprocess.run(
        [sys.executable, "-m", "shopwright", *arguments],
        env=child_environment(lived.settings),
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder


def dbt(package: Path, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [str(TOOLS / "bin" / "dbt"), "--no-version-check", "--no-use-colors", *words],
        cwd=package,
        check=False,
        env={**environment, "DBT_PROFILES_DIR": "."},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
    return done.stdout


class Embedded:
    """What the embedded engine answers, by its own spines."""

    def __init__(self, lived: LivedHome, as_of_us: int) -> None:
        self._offline = bootstrap.open_offline(lived.settings)
        self._stores = {one.store_id: one for one in bootstrap.open_stores(lived.settings).all()}
        self._settings = lived.settings
        self._as_of_us = as_of_us

    def people(self) -> set[tuple[str, bytes]]:
        found = set()
        for store in self._stores.values():
            asked = population(self._offline, store, [self._as_of_us])
            found |= {(str(store.store_id), bytes(who)) for who in asked["entity"]}
        return found

    def answer(self, view_name: str, spine: pa.Table) -> dict[str, list[Any]]:
        view = any_view_named(self._settings, view_name)
        stores = [self._stores[StoreId(one)] for one in spine["store_id"].to_pylist()]
        instants = spine["as_of_us"].to_pylist()
        if isinstance(view, ItemView):
            asked = item_spine(view, stores, spine["item"].to_pylist(), instants)
        else:
            people = [Pseudonym(one) for one in spine["entity"].to_pylist()]
            asked = spine_of_stores(stores, people, instants)
        found = features_of_stores(self._offline, view, asked)
        return {name: found[name].tolist() for name in ("row_id", *view.names)}


def check_no_bit_differs(tables: dict[str, pa.Table], embedded: Embedded) -> int:
    """Compare every cell; return how many there were."""
    spine = tables["spine"]
    keys = zip(spine["store_id"].to_pylist(), spine["entity"].to_pylist(), strict=True)
    assert set(keys) == embedded.people()
    cells = 0
    for view, spine_name in SPINES.items():
        ours, theirs = embedded.answer(view, tables[spine_name]), tables[view]
        assert list(ours) == theirs.column_names
        for name, expected in ours.items():
            column = theirs[name]
            assert column.type in (pa.int64(), pa.float64()), (view, name, column.type)
            # Python compares doubles by value, and the only equal ones of unlike bits are zeros.
            assert column.to_pylist() == expected, (view, name)
            assert not (pa.types.is_floating(column.type) and _negative_zeros(column))
            cells += len(expected)
    return cells


def _negative_zeros(column: Any) -> int:
    zeros = pc.filter(column, pc.equal(column, 0.0))
    return sum(str(one) == "-0.0" for one in zeros.to_pylist())


def duckdb_tables(package: Path) -> dict[str, pa.Table]:
    with duckdb.connect(str(package / "shopwright.duckdb"), read_only=True) as connection:
        return {
            name: connection.sql(f"SELECT * FROM {name} ORDER BY row_id").to_arrow_table()
            for name in {*SPINES, *SPINES.values()}
        }


def spark_tables(warehouse: Path) -> dict[str, pa.Table]:
    with duckdb.connect() as connection:
        return {
            name: connection.sql(
                f"SELECT * FROM '{warehouse}/shopwright.db/{name}/*.parquet' ORDER BY row_id"
            ).to_arrow_table()
            for name in {*SPINES, *SPINES.values()}
        }


def test_dbt_on_duckdb_twice_as_of_two_instants(
    lived: LivedHome, end_us: int, tmp_path: Path
) -> None:
    environment = {"PATH": f"{TOOLS / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path)}
    for as_of_us in (end_us + US_PER_DAY, end_us - 200 * US_PER_DAY):
        package = exported(lived, tmp_path / "package", as_of_us)
        said = dbt(package, environment, "build")
        assert "ERROR=0 SKIP=0" in said
        cells = check_no_bit_differs(duckdb_tables(package), Embedded(lived, as_of_us))
        assert cells > 1_000
    (quiet,) = [
        row for row in duckdb_tables(package)["store_spine"].to_pylist() if row["store_id"] == QUIET
    ]
    assert duckdb_tables(package)["store"].to_pylist()[quiet["row_id"]]["units_total"] == 0


@pytest.fixture
def cluster(lived: LivedHome, tmp_path: Path) -> Iterator[SparkCluster]:
    if shutil.which("java") is None:
        absent("java", "is not installed")
    folder = tmp_path / "spark"
    folder.mkdir()
    running = SparkCluster(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_dbt_on_a_spark_cluster_and_again(
    lived: LivedHome, end_us: int, cluster: SparkCluster, tmp_path: Path
) -> None:
    as_of_us = end_us - 100 * US_PER_DAY
    package = exported(lived, tmp_path / "package", as_of_us)
    warehouse = tmp_path / "warehouse"
    environment = cluster.environment | {
        "SHOPWRIGHT_DBT_TARGET": "spark",
        "SHOPWRIGHT_SPARK_MASTER": cluster.url,
        "SHOPWRIGHT_SPARK_WAREHOUSE": str(warehouse),
        "SHOPWRIGHT_SPARK_PARTITIONS": "2",
    }
    said = dbt(package, environment, "build")
    assert "ERROR=0 SKIP=0" in said
    assert (cluster.applications(), cluster.executors()) == (1, {"one", "two"})
    cells = check_no_bit_differs(spark_tables(warehouse), Embedded(lived, as_of_us))
    assert cells > 1_000
    dbt(package, environment, "run", "--select", "customer")
    check_no_bit_differs(spark_tables(warehouse), Embedded(lived, as_of_us))
