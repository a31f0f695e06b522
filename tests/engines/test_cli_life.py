"""A store's whole life at the command line: import, ask, train, predict, promote; real engines."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_orders import CUSTOMERS, order_rows, write_csv

from shopwright.app.settings import child_environment, load
from shopwright.features.definitions import CUSTOMER

END = datetime(2026, 9, 1, tzinfo=UTC)
FREQUENT = "1000"


class Shop(NamedTuple):
    """A folder in which one history was imported and a model trained on it."""

    folder: Path
    imported: dict[str, Any]
    trained: dict[str, Any]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        settings = load(None, {"SHOPWRIGHT_HOME": str(self.folder / "home")})
        return subprocess.run(
            [sys.executable, "-m", "shopwright", *arguments],
            env=child_environment(settings),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def told(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    write_csv(folder / "orders.csv", order_rows(END))
    shop = Shop(folder, {}, {})
    shop.told("init")
    imported = shop.told(
        "import",
        "orders.csv",
        "--store",
        "pots",
        "--currency",
        "GBP",
        "--timezone",
        "Europe/London",
    )
    (trained,) = shop.told("train", "--store", "pots", "--as-of", "2026-09-01")
    return Shop(folder, imported, trained)


def test_an_import_takes_every_row_once(shop: Shop) -> None:
    rows = len(order_rows(END))
    assert shop.imported["counts"]["rows"] == shop.imported["counts"]["orders"] == rows
    assert shop.imported["events_new"] == rows + 1  # and the product
    again = shop.told("import", "orders.csv", "--store", "pots")
    assert again["events_new"] == 0


def test_then_and_now_and_history_agree(shop: Shop) -> None:
    ask = ["features", "get", FREQUENT, "--store", "pots"]
    then = shop.told(*ask, "--as-of", "2026-08-01")
    assert list(then["values"]) == list(CUSTOMER.names)
    assert then["values"]["orders_total"] > 20
    frame = shop.told(
        *("features", "history", "--store", "pots", "--every", "31d", "--entity", FREQUENT),
        *("--since", "2026-07-01", "--until", "2026-08-01"),
    )
    assert [row["as_of"] for row in frame] == [
        "2026-06-30T23:00:00.000000Z",
        "2026-07-31T23:00:00.000000Z",
    ]
    assert {name: frame[1][name] for name in CUSTOMER.names} == then["values"]
    now = shop.told(*ask)
    assert now["entity"] == then["entity"] == frame[0]["entity"]
    assert now["values"]["orders_total"] > then["values"]["orders_total"]
    assert now["event_received_at"] is not None
    by_gid = shop.told("features", "get", f"gid://shopify/Customer/{FREQUENT}", "--store", "pots")
    assert by_gid["entity"] == now["entity"]
    assert shop.told("features", "get", now["entity"], "--store", "pots")["entity"] == now["entity"]


def test_a_customer_nobody_knows_has_an_empty_history(shop: Shop) -> None:
    values = shop.told("features", "get", "999999", "--store", "pots")["values"]
    assert values["orders_total"] == 0
    assert values["recency_days"] is None


def test_a_spine_file_gives_one_row_a_pair(shop: Shop) -> None:
    instants = [datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 3, 1, 12, 30, tzinfo=UTC)]
    table = pa.table({"entity": [FREQUENT, "1001"], "as_of": pa.array(instants)})
    pq.write_table(table, shop.folder / "spine.parquet")
    (shop.folder / "spine.csv").write_text(
        f"entity,as_of\n{FREQUENT},2026-07-01T00:00:00Z\n1001,2026-03-01T12:30:00Z\n"
    )
    frames = []
    for name in ("spine.parquet", "spine.csv"):
        ask = ["features", "history", "--store", "pots", "--spine", name, "--out", "f.parquet"]
        assert shop.told(*ask) == {"rows": 2, "file": "f.parquet"}
        frames.append(pq.read_table(shop.folder / "f.parquet"))
    assert frames[0].equals(frames[1])
    assert frames[0].column_names == ["as_of", "store_id", "entity", *CUSTOMER.names]
    assert frames[0]["as_of"].to_pylist() == instants
    then = shop.told("features", "get", FREQUENT, "--store", "pots", "--as-of", "2026-07-01T00:00Z")
    assert {n: frames[0][n][0].as_py() for n in CUSTOMER.names} == then["values"]


def test_a_spine_of_many_stores_is_answered_in_one_pass(shop: Shop) -> None:
    rows = [f"pots.myshopify.com,{FREQUENT},2026-07-01", "pots,1001,2026-03-01"]
    (shop.folder / "many.csv").write_text("\n".join(["store,entity,as_of", *rows, ""]))
    many = shop.told("features", "history", "--spine", "many.csv")
    one = [
        shop.told(
            *("features", "history", "--store", "pots", "--every", "1d", "--entity", who),
            *("--since", day, "--until", day),
        )[0]
        for who, day in ((FREQUENT, "2026-07-01"), ("1001", "2026-03-01"))
    ]
    assert many == one
    for wrong, message in (
        ("no store,1,2026-07-01", "row 1: "),
        ("pans,1,2026-07-01", "not known"),
    ):
        (shop.folder / "many.csv").write_text(f"store,entity,as_of\n{wrong}\n")
        done = shop.run("features", "history", "--spine", "many.csv")
        assert done.returncode == 2
        assert message in done.stderr
    assert shop.run("features", "history", "--every", "1d", "--entity", "1").returncode == 2


WRONG_SPINES = [
    ("who,as_of\n1,2026-01-01\n", "has no column entity; its columns are who, as_of"),
    ("entity,as_of\n1,2026-01-01T00:00\n", "row 1: '2026-01-01T00:00' has no time zone"),
    ("entity,as_of\n1,2026-01-01\n2,soon\n", "row 2: 'soon' is not an instant"),
    ("entity,as_of\nBob,2026-01-01\n", "row 1: "),
    ("", "cannot be read as Parquet or CSV"),
]


@pytest.mark.parametrize(("text", "message"), WRONG_SPINES)
def test_a_wrong_spine_names_its_row(shop: Shop, text: str, message: str) -> None:
    (shop.folder / "wrong.csv").write_text(text)
    done = shop.run("features", "history", "--store", "pots", "--spine", "wrong.csv")
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


WRONG_STEPS = [
    (["--every", "7"], "'7' is not a length of time; expected 7d, 12h or 30m"),
    (["--every", "0d"], "'0d' is not a length of time"),
    (["--every", "1m", "--since", "1970-01-02"], "that is more than 10,000,000 rows"),
    (["--every", "1d", "--since", "2026-02-01", "--until", "2026-01-01"], "turn them round"),
]


@pytest.mark.parametrize(("options", "message"), WRONG_STEPS)
def test_wrong_steps_are_refused(shop: Shop, options: list[str], message: str) -> None:
    done = shop.run("features", "history", "--store", "pots", "--entity", "1000", *options)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_a_training_shows_model_and_baselines_and_its_decision(shop: Shop) -> None:
    trained = shop.trained
    assert trained["verdict"] in ("champion", "refused")
    assert set(trained["figures"]) == {"model", "order_count", "recency", "logistic_regression"}
    done = shop.run("train", "--store", "pots", "--as-of", "2026-09-01")
    assert trained["model_version"] in done.stdout  # the same rows and seed, the same bytes
    assert "pr_auc" in done.stdout
    assert done.returncode == int(trained["verdict"] == "refused")


def test_too_little_to_learn_from_is_refused_with_the_figures(shop: Shop) -> None:
    done = shop.run("train", "--store", "pots", "--as-of", "2025-10-01")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pots.myshopify.com: propensity: 0 rows" in done.stderr


def test_predictions_have_the_public_columns_and_one_row_a_customer(shop: Shop) -> None:
    ask = ["predict", "--store", "pots", "--as-of", "2026-09-01", "--out", "p.parquet"]
    summary = shop.told(*ask)
    frame = pq.read_table(shop.folder / "p.parquet")
    columns = ["as_of", "store_id", "entity", "model_version", "horizon_days", "p"]
    assert frame.column_names == columns
    assert summary["rows"] == frame.num_rows == len(set(frame["entity"].to_pylist()))
    assert frame["as_of"][0].as_py() == datetime(2026, 8, 31, 23, tzinfo=UTC)
    assert set(frame["model_version"].to_pylist()) == {shop.trained["model_version"]}
    assert all(0 < p < 1 for p in frame["p"].to_pylist())
    best = shop.told("features", "get", FREQUENT, "--store", "pots")["entity"]
    scores = dict(zip(frame["entity"].to_pylist(), frame["p"].to_pylist(), strict=True))
    assert scores[best] > 0.8
    assert min(scores.values()) < 0.1


def test_a_reveal_adds_the_shops_ids_and_is_recorded(shop: Shop) -> None:
    ask = ["predict", "--store", "pots", "--as-of", "2026-09-01", "--reveal"]
    rows = shop.told(*ask)
    assert {row["customer_id"] for row in rows} <= {str(1_000 + n) for n in range(CUSTOMERS)}
    known = shop.told("features", "get", FREQUENT, "--store", "pots")["entity"]
    assert [row["customer_id"] for row in rows if row["entity"] == known] == [FREQUENT]
    line = next(line for line in shop.told("audit") if line["did"] == "ids revealed")
    assert line["about"] == f"customer ids of {len(rows)} predictions"
    assert line["store_id"] == "pots.myshopify.com"
    assert line["who"].startswith("operator ")
    (listed,) = shop.told("models", "list", "--store", "pots")
    assert listed["verdict"] == "champion"


def test_the_past_is_not_scored_by_a_model_that_knew_the_future(shop: Shop) -> None:
    done = shop.run("predict", "--store", "pots", "--as-of", "2026-05-01")
    assert done.returncode == 1
    assert "no propensity model was trained on what was known before 2026-04-30" in done.stderr
    assert "shopwright train --store pots.myshopify.com" in done.stderr


def test_a_promotion_is_a_recorded_decision(shop: Shop) -> None:
    version = shop.trained["model_version"]
    done = shop.told("models", "promote", version[:10], "--store", "pots", "--reason", "a trial")
    assert done["champion"] == version
    shown = shop.told("models", "show", version[:10], "--store", "pots")
    assert shown["decisions"][-1]["verdict"] == "champion"
    assert shown["decisions"][-1]["reason"] == "a trial"
    assert shown["decisions"][-1]["by"] != "shopwright"
    wrong = shop.run("models", "promote", "zzz", "--store", "pots", "--reason", "a trial")
    assert (wrong.returncode, "'zzz' begins no model" in wrong.stderr) == (2, True)


def test_no_command_prints_a_customers_id_unasked(shop: Shop) -> None:
    for ask in (
        ["predict", "--store", "pots", "--as-of", "2026-09-01"],
        ["models", "list"],
        ["doctor"],
        ["dead-letters"],
    ):
        done = shop.run(*ask)
        assert not any(f" {1_000 + n} " in done.stdout + done.stderr for n in range(CUSTOMERS))


def test_a_file_with_wrong_columns_leaves_no_store_behind(tmp_path: Path) -> None:
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    shop = Shop(tmp_path, {}, {})
    shop.told("init")
    zone = ("--currency", "GBP", "--timezone", "Europe/London")
    done = shop.run("import", "wrong.csv", "--store", "pans", *zone)
    assert done.returncode == 2
    assert "a, b" in done.stderr
    assert shop.told("stores", "list") == []
