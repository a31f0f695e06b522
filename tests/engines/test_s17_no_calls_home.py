"""S17: from import to prediction, MLflow included, no process tries to reach another machine."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from made_orders import order_rows, write_csv
from made_web_light import SHOP, new_home

from shopwright.app.settings import Settings, child_environment

NETWORK = "connect,sendto,sendmsg,sendmmsg"
ELSEWHERE = re.compile(r"sa_family=AF_INET6?, .*?inet_(?:addr|pton)\(([^)]*)\)")
LOOPBACK = re.compile(r'"127\.|"::1"|"0\.0\.0\.0"')


@pytest.fixture
def traced(strace: str, tmp_path: Path) -> Path:
    return tmp_path / "trace"


def beyond_loopback(trace: Path) -> list[str]:
    """Return the calls that name an address of another machine."""
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    named = [line for line in lines if ELSEWHERE.search(line)]
    return [line for line in named if not LOOPBACK.search(line)]


def run(command: list[str], settings: Settings, trace: Path) -> None:
    watched = ["strace", "-f", "--seccomp-bpf", "-e", f"trace={NETWORK}", "-A", "-o", str(trace)]
    subprocess.run(
        [*watched, sys.executable, *command],
        env=child_environment(settings),
        cwd=settings.home.parent,
        check=True,
        capture_output=True,
        timeout=180,
    )


def test_s17_nobody_calls_home(tmp_path: Path, traced: Path) -> None:
    settings = new_home(tmp_path / "home")
    write_csv(tmp_path / "orders.csv", order_rows(datetime.now(UTC) - timedelta(days=1)))
    shop = ["--store", SHOP]
    for command in (
        ["import", "orders.csv", *shop, "--format", "transactions"],
        ["train", *shop],
        ["predict", *shop, "--task", "propensity", "--out", "out.parquet"],
        ["mlflow-sync"],
        ["doctor", "--json"],
        ["backup", "copy"],
    ):
        run(["-m", "shopwright", *command], settings, traced)
    assert (settings.home / "mlflow.db").exists(), "MLflow was told nothing"
    assert beyond_loopback(traced) == []


def test_s17_a_call_home_is_seen(tmp_path: Path, traced: Path) -> None:
    settings = new_home(tmp_path / "home")
    call = (
        "import socket; s = socket.socket(); s.setblocking(False); s.connect_ex(('192.0.2.1', 9))"
    )
    run(["-c", call], settings, traced)
    assert len(beyond_loopback(traced)) == 1
