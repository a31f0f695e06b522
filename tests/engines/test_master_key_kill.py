"""A rotation of the master key that is killed before any of its calls to the disk is finished."""

import base64
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from counts import cases
from syscalls import read_trace, strace_command
from wrapped_secrets import fill, opened_with, write_key

OLD = bytes([1]) * 32
ROTATE = "import sys; from shopwright.app.cli.program import run; sys.exit(run(sys.argv[1:]))"
COMMAND = [sys.executable, "-c", ROTATE, "master-key", "rotate"]
SEED = 4


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("SHOPWRIGHT_")} | {
        "PYTHONDONTWRITEBYTECODE": "1"
    }


def rotate(folder: Path, *before: str) -> int:
    return subprocess.run(
        [*before, *COMMAND], cwd=folder, env=environment(), capture_output=True, check=False
    ).returncode


def key_in(folder: Path) -> bytes:
    return base64.b64decode((folder / ".shopwright.key").read_bytes())


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    write_key(folder / ".shopwright.key", OLD)
    fill(folder / ".shopwright", OLD)
    return folder


def test_a_kill_at_any_call_is_mended_by_the_same_command(
    strace: str, filled: Path, tmp_path: Path
) -> None:
    before = opened_with(filled / ".shopwright", OLD)
    whole = Path(shutil.copytree(filled, tmp_path / "whole"))
    assert rotate(whole, *strace_command(tmp_path / "trace")) == 0
    counted: Counter[str] = Counter()
    deaths = []
    for call in read_trace(tmp_path / "trace"):
        counted[call.name] += 1
        deaths.append((call.name, counted[call.name]))
    assert {"fsync", "link", "rename", "pwrite64", "unlink"} <= {name for name, _ in deaths}
    first = next(n for n, (name, _) in enumerate(deaths) if name == "link")
    chance = np.random.default_rng(SEED)
    some = sorted(chance.choice(range(first, len(deaths)), cases(6, 60), replace=False).tolist())
    for number in some:
        name, count = deaths[number]
        where = f"seed {SEED}: killed before {name} number {count}"
        folder = Path(shutil.copytree(filled, tmp_path / f"killed-{number}"))
        inject = f"inject={name}:signal=KILL:when={count}"
        killed = rotate(folder, *strace_command(tmp_path / "t", "-e", inject))
        assert killed in (-9, 137), where
        assert rotate(folder) == 0, where
        assert opened_with(folder / ".shopwright", key_in(folder)) == before, where
        left = {path.name for path in folder.iterdir() if not path.name.startswith(".shopwright.k")}
        assert left <= {".shopwright"}, where
        assert not list(folder.glob("*.new")), where
        assert not (folder / ".shopwright.key.next").exists(), where
