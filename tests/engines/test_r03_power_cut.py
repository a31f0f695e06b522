"""R3: whatever a power cut leaves of what was not synced, nothing acknowledged is lost.

One run is recorded with all its data; then the disk is rebuilt as it may be after a cut at any
instant (see ``power_cut``), opened with the real adapters, and the rest of the story is told. A
failure names seed, case and cut.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from canonical_state import check_log
from counts import cases
from nursery import Nursery, nursery
from power_cut import Recording, rebuild, survivors
from survival import check_survival, quick_folder
from syscalls import RECORDED, read_trace
from traced_script import Installation, Order

SEEDS = range(cases(1, 20))
CUTS = cases(60, 500)


@pytest.fixture(scope="module")
def children(strace: str) -> Iterator[Nursery]:
    with nursery() as kept:
        yield kept


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


def recorded(children: Nursery, folder: Path, seed: int, mutant: str = "") -> Recording:
    """Return what an undisturbed run did to the disk."""
    home, told = folder / "home", folder / "acknowledged"
    order = Order(home=str(home), acknowledged=str(told), seed=seed, mutant=mutant)
    assert children.run(order, folder / "trace", calls=RECORDED, data=True) == 0
    recording = Recording(home, told).take(read_trace(folder / "trace"))
    assert len(recording.changes) > 500
    return recording


def after_a_cut(recording: Recording, folder: Path, seed: int, case: int) -> int:
    """Check the disk of one case; return where the power was cut."""
    chance = np.random.default_rng([seed, case])
    cut = int(chance.integers(len(recording.changes) + 1))
    home, told = folder / f"home-{case}", folder / f"told-{case}"
    left = survivors(recording, recording.covered_at(), cut, chance)
    rebuild(left, recording.folders, home)
    told.write_bytes(b"".join(change.data for change in left if change.kind == "told"))
    try:
        check_survival(home, told, seed, life=case + 10)
    except Exception as error:
        raise AssertionError(f"seed {seed}, case {case}, cut at {cut}: {error}") from error
    shutil.rmtree(home)
    return cut


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed-{seed}")
def test_r03_what_a_power_cut_leaves_is_whole(children: Nursery, folder: Path, seed: int) -> None:
    recording = recorded(children, folder, seed)
    cuts = {after_a_cut(recording, folder, seed, case) for case in range(CUTS)}
    assert len(cuts) > CUTS / 2


def test_r03_a_record_torn_at_any_length_is_cut_off(children: Nursery, folder: Path) -> None:
    """The last write of a commit arrives to a length of 0, 1, 2 … bytes and nothing after it."""
    recording = recorded(children, folder, 0)
    changes, told = (
        recording.changes,
        [n for n, c in enumerate(recording.changes) if c.kind == "told"],
    )
    last = max(n for n in range(told[4]) if changes[n].kind == "write" and len(changes[n].data) > 9)
    before = b"".join(change.data for change in changes[:last] if change.kind == "told")
    acknowledged = {int(line) for line in before.split()}
    assert len(acknowledged) == 20
    length = len(changes[last].data)
    for kept in range(0, length + 1, cases(128, 1)):
        home = folder / f"torn-{kept}"
        torn = changes[last]._replace(data=changes[last].data[:kept])
        rebuild([*changes[:last], torn], recording.folders, home)
        installation = Installation(home, 0, 99)
        check_log(installation, 0, acknowledged)
        installation.close()
        shutil.rmtree(home)


@pytest.mark.parametrize("mutant", ["no-sync", "no-folder-sync", "answers-first"])
def test_r03_notices_a_missing_sync(children: Nursery, folder: Path, mutant: str) -> None:
    recording = recorded(children, folder, 0, mutant)
    with pytest.raises(AssertionError, match=r"acknowledged and is lost|damaged"):
        [after_a_cut(recording, folder, 0, case) for case in range(60)]
