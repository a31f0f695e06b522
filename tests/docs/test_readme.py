"""The README's commands are run as they stand there, and its links lead somewhere."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from made_orders import order_rows, write_csv

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
UP_SECONDS_MAX = 60


def commands(heading: str) -> list[str]:
    """Return the commands of every fenced block under a heading."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    blocks = section.split("```")[1::2]
    assert blocks, f"nothing to run under {heading}"
    return [line for block in blocks for line in block.strip().splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newcomer")
    write_csv(folder / "orders.csv", order_rows(datetime.now(UTC) - timedelta(days=1)))
    as_text = pa_csv.ConvertOptions(
        column_types={"invoice": pa.string(), "sku": pa.string(), "customer_id": pa.string()}
    )
    rows = pa_csv.read_csv(folder / "orders.csv", convert_options=as_text)
    pq.write_table(rows, folder / "orders.parquet")
    return folder


def run(command: str, folder: Path, port: int, typed: str = "") -> subprocess.CompletedProcess[str]:
    arguments = shlex.split(command)
    assert arguments[0] == "shopwright"
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=environment(port),
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def environment(port: int) -> dict[str, str]:
    ours = {k: v for k, v in os.environ.items() if not k.startswith("SHOPWRIGHT_")}
    return ours | {
        "SHOPWRIGHT_PORT": str(port),
        "SHOPWRIGHT_TRAIN_EVERY_HOURS": "0",
        "SHOPWRIGHT_ERASE_SETTLE_SECONDS": "1",
    }


@contextmanager
def running(command: str, folder: Path, port: int) -> Iterator[None]:
    """Run ``shopwright up`` for the length of the block; it must answer, and stop with exit 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=folder,
        env=environment(port),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    try:
        for _ in range(UP_SECONDS_MAX * 10):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as ready:
                    if ready.status == 200:
                        break
            except OSError:
                pass
            assert process.poll() is None, "the system ended by itself"
            time.sleep(0.1)
        else:
            pytest.fail("the system was never ready")
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


WHAT_IS_TYPED = {"secrets add": "0123456789abcdef\n", "users add": "seven green kettles\n"}
"""What a pipe hands over to a command that asks."""


def obey(line: str, folder: Path, port: int) -> None:
    """Run one line of the README; what it writes outside the folder lands inside it."""
    if line.startswith(("make ", ". ")):
        return  # this very environment is what they make
    if line == "shopwright up":
        with running(line, folder, port):
            return
    typed = next((text for part, text in WHAT_IS_TYPED.items() if part in line), "")
    said_yes = f"{line} --yes" if " redact " in line else line
    done = run(said_yes.replace(" /mnt/", f" {folder}/mnt/"), folder, port, typed)
    assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


def test_the_way_of_a_newcomer(folder: Path, free_port: int) -> None:
    """From one's own history to a backup, and what a person may ask: every line, in order."""
    for heading in (
        "Your own history",
        "Webhooks alone",
        "Keep it",
        "When a person asks",
    ):
        for line in commands(heading):
            obey(line, folder, free_port)
    written = pq.read_table(folder / "predictions.parquet")
    assert written.num_rows > 100
    assert {"as_of", "store_id", "entity", "model_version", "horizon_days", "p"} <= set(
        written.column_names
    )
    assert (folder / "report.json").stat().st_size > 100
    assert (folder / "receipt.json").stat().st_size > 100
    assert list((folder / "mnt/backups/shopwright").iterdir())


def test_torture_is_one_command() -> None:
    """It runs for five minutes: tests/engines has a shorter one."""
    assert commands("Do not believe it: torture it") == ["shopwright torture"]


def test_every_link_and_named_file_exists() -> None:
    linked = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert len(linked) > 8
    missing = [link for link in linked if not (ROOT / link).exists()]
    assert not missing
    named = set(re.findall(r"`(tests/[\w/.]+)`", README))
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    documents = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake (\w+)", documents)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_architecture_fits_a_page_and_names_what_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    source = ROOT / "src" / "shopwright"
    for name in set(re.findall(r"`((?:app|pipelines|events|features|core)/[\w/]+\.py)`", text)):
        assert (source / name).exists(), name
