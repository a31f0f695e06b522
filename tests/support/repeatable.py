"""Random runs that can be run again: which seeds, and what a failure says of its own."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from counts import cases

from shopwright import __version__

ROOT = Path(__file__).resolve().parents[2]


def seeds(few: int, full: int) -> Sequence[int]:
    """Return the seeds to run now: ``SEED`` alone where it is set, else as many as ``cases``."""
    alone = os.environ.get("SEED")
    return (int(alone),) if alone else range(cases(few, full))


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Let a failure inside the block name its seed, its revision and the command to repeat it."""
    try:
        yield
    except Exception as failure:
        failure.add_note(
            f"seed {seed} at revision {revision()}; run it again with: {command(seed)}"
        )
        raise


def command(seed: int) -> str:
    """Return the one command that runs this test with this seed alone."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "tests").split(" ")[0]
    return f"SEED={seed} .venv/bin/pytest '{test}'"


@cache
def revision() -> str:
    """Return what the code is called: by git where it is a work tree, else by its version."""
    described = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--tags"],
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or __version__
