"""The page on connecting a store is followed as it stands, against the simulated Shopify."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shopwright.admin.scopes import CAPABILITIES
from shopwright.app.cli.app_file import app_file

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "connecting.md").read_text(encoding="utf-8")
SECONDS_MAX = 60


def block(after: str) -> list[str]:
    """Return the lines of the first fenced block after some words."""
    return PAGE.split(after, 1)[1].split("```")[1].strip().splitlines()


@pytest.mark.timeout(200)
def test_the_first_try_works_as_written(tmp_path: Path, free_port: int) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    (served,) = block("One terminal runs")
    # Another port than the page's: something else may listen there.
    words = [*shlex.split(served)[1:], "--port", str(free_port)]
    shopify = subprocess.Popen(
        [sys.executable, "-m", "shopwright", *words],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        process_group=0,
    )
    try:
        end = time.monotonic() + SECONDS_MAX
        while not list(tmp_path.glob(".shopwright-simulated/kinari*")):
            assert time.monotonic() < end
            time.sleep(0.1)
        said = ""
        for line in block("Another one connects"):
            words = shlex.split(line)
            if words[0] == "export":
                name, _, value = words[1].partition("=")
                environment[name] = value.replace("8401", str(free_port))
                continue
            done = subprocess.run(
                [sys.executable, "-m", *words],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS_MAX,
                check=False,
            )
            assert done.returncode in (0, 1 if "doctor" in line else 0), (line, done.stderr)
            said += done.stdout
        found = re.search(r"([\d,]+) of ([\d,]+) orders match Shopify", said)
        assert found is not None
        assert found[1] == found[2]
        assert "history is whole" in said
    finally:
        os.killpg(shopify.pid, signal.SIGINT)
        shopify.wait(20)


def test_the_page_names_every_scope_and_the_app_file_asks_for_them() -> None:
    written = app_file("https://ml.example.org/")
    for one in CAPABILITIES:
        assert f"`{one.scope}`" in PAGE
        assert one.scope in written
    assert 'redirect_urls = ["https://ml.example.org/oauth/callback"]' in written
    for topic in ("customers/data_request", "customers/redact", "shop/redact"):
        assert topic in written
