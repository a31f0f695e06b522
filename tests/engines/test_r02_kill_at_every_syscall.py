"""R2: a process that is killed before any one of its calls to the disk loses and doubles nothing.

The story is told once to count its calls, then again and again, killed before the k-th of each
kind; what is left is opened, the rest is sent again, and the end is compared with an undisturbed
one. A failure names the seed and the call.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from counts import cases
from nursery import Nursery, nursery
from survival import check_survival, clear, quick_folder
from syscalls import Call, read_trace
from traced_script import Order

SEEDS = range(cases(1, 20))
WHOLE = 2
"""So many seeds are killed at every call in a soak; the others at a sample of them."""
KILLED = -9


class Death(NamedTuple):
    """Before which call a process is killed."""

    call: str
    number: int


@pytest.fixture(scope="module")
def children(strace: str) -> Iterator[Nursery]:
    with nursery() as kept:
        yield kept


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


def order(folder: Path, seed: int, life: int = 0, mutant: str = "") -> Order:
    return Order(
        home=str(folder / "home"),
        acknowledged=str(folder / "acknowledged"),
        seed=seed,
        life=life,
        mutant=mutant,
    )


def calls_of(children: Nursery, folder: Path, seed: int, mutant: str = "") -> list[Call]:
    """Return every call of an undisturbed run."""
    assert children.run(order(folder, seed, mutant=mutant), folder / "trace") == 0
    calls = list(read_trace(folder / "trace"))
    clear(folder)
    return calls


def deaths_at(calls: Sequence[Call]) -> list[Death]:
    """Number the calls of each kind, as strace does."""
    counted: Counter[str] = Counter()
    deaths = []
    for call in calls:
        counted[call.name] += 1
        deaths.append(Death(call.name, counted[call.name]))
    return deaths


def chosen(deaths: Sequence[Death], seed: int) -> Sequence[Death]:
    """Return all in a soak; else some spread over the story, the last of each kind among them."""
    if cases(0, 1) and seed < WHOLE:
        return deaths
    chance = np.random.default_rng([seed, 4])
    spread = np.linspace(0, len(deaths) - 1, cases(6, 100)) + chance.random(cases(6, 100))
    some = [deaths[min(int(at), len(deaths) - 1)] for at in spread]
    return sorted({*some, *{death.call: death for death in deaths}.values()})


def killed(children: Nursery, given: Order, folder: Path, death: Death) -> int:
    inject = f"inject={death.call}:signal=KILL:when={death.number}"
    return children.run(given, folder / "trace", ["-e", inject])


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed-{seed}")
def test_r02_killed_before_any_call_nothing_is_lost_or_doubled(
    children: Nursery, folder: Path, seed: int
) -> None:
    calls = calls_of(children, folder, seed)
    assert len(calls) > 500, "the story must reach the disk"
    for number, death in enumerate(chosen(deaths_at(calls), seed)):
        assert killed(children, order(folder, seed), folder, death) == KILLED, death
        life = 1
        if number % 3 == 0:  # and once more while it recovers
            again = Death("pwrite64", 1 + (number * 7) % 23)
            assert killed(children, order(folder, seed, life), folder, again) in (KILLED, 0)
            life += 1
        try:
            check_survival(folder / "home", folder / "acknowledged", seed, life)
        except Exception as error:
            raise AssertionError(f"seed {seed}, killed before {death}: {error}") from error
        clear(folder)


def test_r02_notices_an_answer_before_the_event_is_stored(children: Nursery, folder: Path) -> None:
    calls = calls_of(children, folder, 0, "answers-first")
    deaths = deaths_at(calls)
    told = [n for n, call in enumerate(calls) if call.path.endswith("acknowledged")]
    death = next(death for death in deaths[told[3] + 1 :] if death.call == "pwrite64")
    assert killed(children, order(folder, 0, mutant="answers-first"), folder, death) == KILLED
    with pytest.raises(AssertionError, match="acknowledged and is lost"):
        check_survival(folder / "home", folder / "acknowledged", 0, 1)


def test_r02_notices_a_position_that_is_stored_before_its_effects(
    children: Nursery, folder: Path
) -> None:
    """Two transactions for what must be one: a death between them loses what was read."""
    calls = calls_of(children, folder, 0, "position-first")
    deaths = deaths_at(calls)
    of_ledger = [n for n, call in enumerate(calls) if call.path.endswith("00.sqlite-wal")]
    synced = [n for n in of_ledger if calls[n].name == "fdatasync"]
    complaints = []
    for sync in synced[2:6]:
        death = deaths[next(n for n in of_ledger if n > sync and calls[n].name == "pwrite64")]
        given = order(folder, 0, mutant="position-first")
        assert killed(children, given, folder, death) == KILLED
        try:
            check_survival(folder / "home", folder / "acknowledged", 0, 1)
        except AssertionError as error:
            complaints.append(str(error))
        clear(folder)
    assert any("differ from an undisturbed run" in told for told in complaints), complaints
