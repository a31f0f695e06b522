"""R8: every parser that meets bytes from outside, fuzzed by coverage; `make soak` runs it."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from counts import SOAKING
from parser_targets import TARGETS

SECONDS = int(os.environ.get("FUZZ_SECONDS", "120"))
PROGRAM = Path(__file__).parents[1] / "support" / "fuzz_parsers.py"

if not SOAKING:
    pytest.skip("coverage-guided fuzzing runs in `make soak`", allow_module_level=True)
if find_spec("atheris") is None:
    pytest.skip("needs atheris, which has no wheel for this machine", allow_module_level=True)


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_r08_coverage_finds_no_way_through(target: str, tmp_path: Path) -> None:
    seed = os.environ.get("SEED", "1")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), target, str(SECONDS), seed, str(tmp_path)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=SECONDS + 120,
    )
    found = sorted(path.name for path in tmp_path.glob("found-*"))
    assert done.returncode == 0, f"{target}, seed {seed}: {found}\n{done.stderr[-3_000:]}"
