"""What must hold of a data folder after any death: nothing lost, doubled or different."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from canonical_state import check_log, state_of
from traced_script import WEBHOOKS, Installation, Order, acknowledged_in, live

MEMORY = Path("/dev/shm")
EVERYTHING = frozenset(range(WEBHOOKS))


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Give a folder in memory where there is one: a sync costs nothing there, and is traced too."""
    there = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="shopwright-faults-", dir=there) as folder:
        yield Path(folder)


@cache
def undisturbed(seed: int) -> dict[str, Any]:
    """Return the state after the story of a seed was told by a process that nothing befell."""
    with quick_folder() as folder:
        home = folder / "home"
        live(Order(home=str(home), acknowledged=str(folder / "acknowledged"), seed=seed))
        return _state(home, seed, 1)


def check_survival(home: Path, acknowledged: Path, seed: int, life: int) -> None:
    """Open what is left, tell the rest of the story, and compare with the undisturbed end.

    Raises AssertionError saying what was lost, doubled or different; any other error is one that
    the real adapters raised over the state of the disk.
    """
    before = acknowledged_in(acknowledged)
    _checked(home, seed, life, before)
    live(Order(home=str(home), acknowledged=str(acknowledged), seed=seed, life=life + 1))
    _checked(home, seed, life + 2, set(EVERYTHING))
    found, expected = _state(home, seed, life + 3), undisturbed(seed)
    different = [part for part in expected if found[part] != expected[part]]
    assert not different, f"{', '.join(different)} differ from an undisturbed run"


def _checked(home: Path, seed: int, life: int, acknowledged: set[int]) -> None:
    installation = Installation(home, seed, life)
    try:
        check_log(installation, seed, acknowledged)
    finally:
        installation.close()


def _state(home: Path, seed: int, life: int) -> dict[str, Any]:
    installation = Installation(home, seed, life)
    try:
        return state_of(installation, home, seed)
    finally:
        installation.close()


def clear(folder: Path) -> None:
    """Empty a folder."""
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
