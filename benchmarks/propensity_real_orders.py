"""Purchase within 30 days on real orders, by the commands a user types.

Import, `train --as-of`, `predict --as-of --reveal` at three cut-offs; scored on all customers with
an order before the cut-off against kept product orders within 30 days (mean of the cut-offs).
Logistic regression learns from the same rows and is scored on the same customers.
"""

import tempfile
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.machine import PROGRAM, REAL_ORDERS, SHARED, child, table
from shopwright.app.bootstrap import open_offline, open_stores
from shopwright.app.settings import load
from shopwright.core.types.identity import Pseudonym
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines.point_in_time import features, population
from shopwright.pipelines.train import training_set
from shopwright.training.baselines import LOGISTIC_REGRESSION, fit_baselines
from shopwright.training.feature_rows import column_of
from shopwright.training.tasks import PROPENSITY

STORE = "retail.myshopify.com"
CUTOFFS = ("2011-03-01", "2011-06-01", "2011-09-01")
GOALS = {"roc_auc": (0.80, 1), "pr_auc": (0.545, 1), "brier": (0.118, -1)}


def run() -> None:
    """Print the figures beside their goals."""
    if not REAL_ORDERS.exists():
        print("skipped: ../shared/data is absent")
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        import_real_orders(home)
        ours = _score([_predict(home, cutoff) for cutoff in CUTOFFS], Path(folder))
        logistic = _score([_logistic(home, cutoff) for cutoff in CUTOFFS], Path(folder))
    rows = []
    for name, (goal, sign) in GOALS.items():
        met = "met" if sign * (ours[name] - goal) >= 0 else "MISSED"
        rows.append((name, ours[name], logistic[name], f"{'≥' if sign > 0 else '≤'} {goal}", met))
    better = "met" if ours["pr_auc"] >= logistic["pr_auc"] else "MISSED"
    rows.append(
        ("pr_auc, not below logistic regression", ours["pr_auc"], logistic["pr_auc"], "≥", better)
    )
    rows.append(("ece10", ours["ece10"], logistic["ece10"], "", ""))
    table(("score", "Shopwright", "logistic regression", "goal", ""), rows)


def make_home(home: Path) -> dict[str, str]:
    """Make an empty installation; return the environment that names it."""
    environment = {"SHOPWRIGHT_HOME": str(home)}
    child([*PROGRAM[:4], "init"], environment, home.parent)
    return environment


def import_real_orders(home: Path) -> str:
    """Make an installation and read the real orders into it; return what the command said."""
    return child(
        [*PROGRAM, "import", str(REAL_ORDERS), "--store", STORE, "--format", "transactions",
         "--currency", "GBP", "--timezone", "Europe/London"],
        make_home(home),
    ).out  # fmt: skip


def _predict(home: Path, cutoff: str) -> dict[str, object]:
    environment = {"SHOPWRIGHT_HOME": str(home)}
    out = home.parent / f"p-{cutoff}.parquet"
    child([*PROGRAM, "train", "--store", STORE, "--as-of", cutoff], environment)
    child(
        [*PROGRAM, "predict", "--store", STORE, "--task", "propensity", "--as-of", cutoff,
         "--reveal", "--out", str(out)],
        environment,
    )  # fmt: skip
    found = duckdb.sql(f"SELECT customer_id, p FROM '{out}'").fetchnumpy()
    return {"cutoff": cutoff, "ids": found["customer_id"], "p": found["p"]}


def _logistic(home: Path, cutoff: str) -> dict[str, object]:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from shopwright.app.bootstrap import open_keys
    from shopwright.core.clock import from_datetime

    settings = load(Path("/dev/null"), {"SHOPWRIGHT_HOME": str(home)})
    store, offline = open_stores(settings).all()[0], open_offline(settings)
    midnight = datetime.fromisoformat(cutoff).replace(tzinfo=ZoneInfo("Europe/London"))
    as_of_us = from_datetime(midnight)
    rule = fit_baselines(training_set(offline, store, PROPENSITY, as_of_us), PROPENSITY)
    asked = population(offline, store, [as_of_us])
    found = features(offline, store, CUSTOMER, asked)
    x = np.column_stack([column_of(found[name]) for name in CUSTOMER.names])
    people = [Pseudonym(bytes(entity)) for entity in asked["entity"]]
    revealed = open_keys(settings).reveal(store.store_id, people)
    return {
        "cutoff": cutoff,
        "ids": [revealed[who] for who in people],
        "p": rule[LOGISTIC_REGRESSION].predict(x),
    }


def _score(predictions: list[dict[str, object]], folder: Path) -> dict[str, float]:
    """Score with the evaluation protocol that lies beside the data."""
    import json
    import sys

    import pandas as pd

    frames = [
        pd.DataFrame(
            {
                "cutoff": one["cutoff"],
                "customer_id": np.asarray(one["ids"]).astype(int),
                "p": one["p"],
            }
        )
        for one in predictions
    ]
    path = folder / "predictions.parquet"
    pd.concat(frames).to_parquet(path)
    scorer = SHARED / "reference" / "protocols" / "score_propensity.py"
    said = child(
        [sys.executable, "-B", str(scorer), str(REAL_ORDERS), str(path)],
        {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    mean: dict[str, float] = json.loads(said.out.strip().splitlines()[-1])["mean"]
    return mean
