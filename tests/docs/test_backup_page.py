"""docs/backup.md is run as it stands there, on folders of its own."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lived_home import LivedHome

PAGE = (Path(__file__).parents[2] / "docs" / "backup.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Return the page's command lines, in order."""
    blocks = [block for block in PAGE.split("```")[1::2] if block.startswith("\n")]
    return [line for block in blocks for line in block.strip().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = LivedHome(tmp_path / ".shopwright", seed=1)
    home.receive(home.arrivals[:60])
    home.work()
    return tmp_path


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    ours = {k: v for k, v in os.environ.items() if not k.startswith("SHOPWRIGHT_")}
    moved = line.replace(" /mnt/", f" {folder}/mnt/").replace(" /tmp/", f" {folder}/tmp/")
    return subprocess.run(
        [sys.executable, "-m", *shlex.split(moved)],
        cwd=folder,
        env=ours,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_from_a_backup_to_a_drill(folder: Path) -> None:
    lines = commands()
    assert len(lines) == 6
    for line in lines:
        assert line.startswith("shopwright ")
        if " restore " in line and "--home" not in line:
            shutil.rmtree(folder / ".shopwright")
        if "--home" in line:  # the drill's machine has the master key
            (folder / "tmp").mkdir(exist_ok=True)
            shutil.copy(folder / ".shopwright.key", folder / "tmp" / "drill.key")
        done = run(line, folder)
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


def test_every_trouble_on_the_page_is_one_that_the_code_tells() -> None:
    source = Path(__file__).parents[2] / "src" / "shopwright"
    told = re.sub(
        r'"\s+f?"',
        "",
        "\n".join(
            path.read_text(encoding="utf-8")
            for path in (
                *(source / "adapters").glob("backup_*.py"),
                *(source / "app" / "backup").glob("*.py"),
            )
        ),
    )
    table = PAGE.split("## What goes wrong", 1)[1]
    said = re.findall(r"^\| (this|the|SQLite|these|a) (.*?) \|", table, re.MULTILINE)
    assert len(said) == 6
    for first, rest in said:
        words = rest.replace("has a newer format", "has format")
        assert f"{first} {words}" in told, words
