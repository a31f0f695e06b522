"""A user's own view at the command line: served, learned from, predicted with, and removed."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from made_orders import CUSTOMERS, order_rows, write_csv

from shopwright.app.bootstrap import open_scoring
from shopwright.app.settings import Settings, child_environment, load
from shopwright.core.clock import SystemClock
from shopwright.core.types.identity import StoreId

PAGE = Path(__file__).parents[2] / "docs" / "own-features.md"
END = datetime(2026, 9, 1, tzinfo=UTC)
STORE = "pots"
BOTH = "customer@1+recent_returns@1"


class Desk:
    """A folder with an installation, and its command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.own = {
            "SHOPWRIGHT_FEATURES_FILE": str(folder / "our_features.py"),
            "SHOPWRIGHT_MODEL_VIEWS": "customer, recent_returns",
        }

    def settings(self, more: dict[str, str]) -> Settings:
        return load(None, {"SHOPWRIGHT_HOME": str(self.folder / "home"), **more})

    def run(self, *arguments: str, own: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "shopwright", *arguments, "--json"],
            env=child_environment(self.settings(self.own if own else {})),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def told(self, *arguments: str, own: bool = True) -> Any:
        done = self.run(*arguments, own=own)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Return an installation with a history that came before the view was written."""
    desk = Desk(tmp_path_factory.mktemp("own"))
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (desk.folder / "our_features.py").write_text(code, encoding="utf-8")
    write_csv(desk.folder / "orders.csv", order_rows(END))
    desk.told("init", own=False)
    zone = ("--currency", "GBP", "--timezone", "Europe/London")
    desk.told("import", "orders.csv", "--store", STORE, *zone, own=False)
    return desk


def test_a_view_of_ones_own_is_listed_served_learned_from_and_removed(desk: Desk) -> None:
    listed = {(row["view"], row["feature"]) for row in desk.told("features", "list")}
    assert ("recent_returns@1", "back_share_14d") in listed
    ask = ("features", "get", "1000", "--store", STORE, "--view", "recent_returns")
    then = desk.told(*ask, "--as-of", "2026-08-30")
    assert then["view"] == "recent_returns@1"
    assert then["values"]["gross_14d"] > 0
    frame = desk.told(
        *("features", "history", "--store", STORE, "--view", "recent_returns"),
        *("--every", "1d", "--entity", "1000"),
        *("--since", "2026-08-30", "--until", "2026-08-30"),
    )
    assert {name: frame[0][name] for name in then["values"]} == then["values"]

    (trained,) = desk.told("train", "--store", STORE, "--as-of", "2026-09-01")
    assert trained["verdict"] == "champion", trained
    predicted = desk.told("predict", "--store", STORE, "--as-of", "2026-09-01")
    assert len(predicted) == CUSTOMERS
    manifests = [
        json.loads(path.read_bytes())
        for path in (desk.folder / "home" / "models").rglob("manifest.json")
    ]
    assert [manifest["view"] for manifest in manifests] == [BOTH]
    assert "gross_14d" in manifests[0]["features"]

    scoring = open_scoring(desk.settings(desk.own))
    store = StoreId(f"{STORE}.myshopify.com")
    who = scoring.pseudonym_of(store, "1000")
    now_us = SystemClock().now_us()
    served = scoring.served(store, "propensity")
    assert served is not None
    assert served.joined.label == BOTH
    (prediction,) = scoring.score(store, "propensity", [who], now_us).predictions
    assert prediction is not None
    assert prediction.view == BOTH
    assert set(prediction.features) == set(served.joined.names)

    missing = desk.run("predict", "--store", STORE, "--as-of", "2026-09-01", own=False)
    assert missing.returncode == 1
    assert "learned from recent_returns@1" in missing.stderr
    assert "features_file" in missing.stderr
    (again,) = desk.told("train", "--store", STORE, "--as-of", "2026-09-01", own=False)
    assert again["verdict"] in ("champion", "challenger", "refused")
