"""docs/operations.md is run as it stands there, on a data folder that has lived."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from lived_home import LivedHome, poisoned

from shopwright.app.cli.program import ENTRIES
from shopwright.app.metrics import METRICS
from shopwright.app.settings import every_setting

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Return the page's command lines, in order."""
    blocks = [block for block in PAGE.split("```")[1::2] if block.startswith("\n")]
    return [line for block in blocks for line in block.strip().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = LivedHome(tmp_path / ".shopwright", seed=2)
    home.receive([*home.arrivals[:40], poisoned(home.arrivals[0], 1)])
    home.work()
    return tmp_path


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *shlex.split(line)],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("SHOPWRIGHT_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_command_on_the_page_does_what_it_says(folder: Path) -> None:
    lines = commands()
    assert len(lines) >= 6
    for line in lines:
        done = run(line, folder)
        # What still cannot be read is said by redrive's exit code.
        wanted = 1 if "redrive" in line else 0
        assert done.returncode == wanted, f"{line}: {done.stdout}{done.stderr}"
    assert run("shopwright dead-letters list --json", folder).stdout.count('"reason"') == 1


def test_every_setting_metric_and_command_on_the_page_exists() -> None:
    settings = {setting.name for setting in every_setting()}
    metrics = {metric.name for metric in METRICS}
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE))
    assert named
    assert named <= settings | metrics, named - settings - metrics
    told = set(re.findall(r"`(shopwright_\w+)", PAGE))
    assert told <= metrics, told - metrics
    for command in re.findall(r"`shopwright ([a-z-]+)", PAGE):
        assert command in ENTRIES, command
