"""Checkpoints that are proven, and log segments that go only behind a proven one."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from lived_home import END_US, LivedHome, flip_a_bit, poisoned

from shopwright.adapters.ledger_content import SqliteLedgerContent
from shopwright.adapters.log_retention import KEPT_ALWAYS
from shopwright.app import bootstrap
from shopwright.app.checkpointing import (
    FIRST_LOOK_US,
    RETRY_US,
    US_PER_HOUR,
    Checkpointing,
    checkpoint,
    renew_checkpoints,
    shorten_log,
)
from shopwright.app.job import Ended
from shopwright.app.owner import own
from shopwright.app.rebuilding import ledger_path
from shopwright.app.replaying import Replayed, Replaying
from shopwright.core.clock import US_PER_DAY, SimulatedClock
from shopwright.core.errors import Damaged
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.log import Position
from shopwright.features.definitions import CUSTOMER

CLOCK = SimulatedClock(END_US)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> LivedHome:
    """Return a data folder with two months of segments, one of them with a dead letter."""
    home = LivedHome(tmp_path_factory.mktemp("kept") / "home", keep_log_days=7)
    home.receive([*home.arrivals[:20], poisoned(home.arrivals[20], 1), *home.arrivals[20:]])
    home.work()
    return home


@pytest.fixture
def home(lived: LivedHome, tmp_path: Path) -> LivedHome:
    return lived.copied_to(tmp_path)


def days(home: LivedHome) -> list[str]:
    return sorted(path.name for path in (home.settings.home / "log" / "web-0").glob("*.sqlite"))


def replay(home: LivedHome) -> Replayed:
    return Replaying(home.settings, lambda _: None).run(adopting=False)


def more(home: LivedHome, number: int) -> None:
    """Let the ledger move on by one commit."""
    home.receive([poisoned(home.arrivals[-1], number)])
    home.work()


def test_a_checkpoint_is_the_ledger_and_the_newest_two_are_kept(home: LivedHome) -> None:
    made = [checkpoint(home.settings, CLOCK)]
    again = checkpoint(home.settings, CLOCK)
    assert (again.revision, again.digest) == (made[0].revision, made[0].digest)
    for number in (2, 3):
        more(home, number)
        made.append(checkpoint(home.settings, CLOCK))
    checkpoints = bootstrap.open_checkpoints(home.settings)
    assert [one.revision for one in checkpoints.verified()] == [made[2].revision, made[1].revision]
    with closing(SqliteLedgerContent(ledger_path(home.settings))) as living:
        assert checkpoints.all()[0].through == living.through()
    assert len(list(checkpoints.folder.iterdir())) == 4
    assert replay(home).checkpoint == made[2].revision


def test_a_flipped_bit_in_copy_or_note_is_no_checkpoint(home: LivedHome) -> None:
    made = checkpoint(home.settings, CLOCK)
    checkpoints = bootstrap.open_checkpoints(home.settings)
    kept = checkpoints.folder.with_name("kept")
    shutil.copytree(checkpoints.folder, kept)
    for name in (f"{made.revision}.sqlite", f"{made.revision}.json"):
        path = checkpoints.folder / name
        size = path.stat().st_size
        for at in (0, 18, size // 3, size // 2, size - 1):
            flip_a_bit(path, at)
            assert list(checkpoints.verified()) == [], (name, at)
            shutil.copy(kept / name, path)
    assert [one.revision for one in checkpoints.verified()] == [made.revision]
    flip_a_bit(checkpoints.path(made.revision), 5_000)
    assert shorten_log(home.settings, CLOCK) == (0, 0), "nothing goes behind a damaged checkpoint"
    with pytest.raises(Damaged):
        checkpoints.take(checkpoints.all()[0], home.settings.home / "taken")
    assert not (home.settings.home / "taken").exists()


def test_a_copy_that_is_not_equal_is_not_kept(
    home: LivedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shopwright.pipelines.digest import ledger_digest

    seen: list[str] = []

    def digest(content: SqliteLedgerContent) -> str:
        seen.append(ledger_digest(content))
        return seen[-1] if len(seen) == 1 else "another"

    checkpoints = bootstrap.open_checkpoints(home.settings)
    monkeypatch.setattr(checkpoints, "_digest", digest)
    with pytest.raises(Damaged, match="not equal"):
        checkpoints.make(1)
    assert checkpoints.all() == []
    monkeypatch.undo()
    assert bootstrap.open_checkpoints(home.settings).make(1).digest == seen[0]
    assert sorted(path.suffix for path in checkpoints.folder.iterdir()) == [".json", ".sqlite"]


def test_after_an_erasure_no_checkpoint_knows_the_person(home: LivedHome) -> None:
    renew_checkpoints(home.settings, CLOCK)
    checkpoints = bootstrap.open_checkpoints(home.settings)
    assert checkpoints.all() == [], "where there was none, none is made"
    first = checkpoint(home.settings, CLOCK)
    more(home, 4)
    checkpoint(home.settings, CLOCK)
    with closing(SqliteLedgerContent(ledger_path(home.settings))) as living:
        who = next(iter(living.packed_records(CUSTOMER.name))).entity
    assert all(known(checkpoints.folder, who))
    with own(home.settings) as owner:
        owner.ledger.forget(home.store.store_id, who)
    renew_checkpoints(home.settings, CLOCK)
    left = list(checkpoints.verified())
    assert len(left) == 1
    assert left[0].revision > first.revision
    assert not any(known(checkpoints.folder, who))


def known(folder: Path, who: Pseudonym) -> list[bool]:
    return [who in path.read_bytes() for path in folder.glob("*.sqlite")]


def test_old_segments_go_and_a_replay_from_the_checkpoint_is_equal(home: LivedHome) -> None:
    before = days(home)
    made = checkpoint(home.settings, CLOCK)
    after = days(home)
    assert made.segments_removed == len(before) - len(after) > 10
    assert made.bytes_removed > 10 * 4096
    oldest_kept = END_US // US_PER_DAY - 7
    assert set(after) > set(before[-KEPT_ALWAYS:])
    assert all(day_of(name) >= oldest_kept for name in after[1:])
    letters = bootstrap.open_dead_letters(home.settings).find()
    assert [day_of(after[0])] == [letter.offset >> 40 for letter in letters], (
        "the segment with the dead letter stays"
    )
    found = replay(home)
    assert found.is_equal
    assert found.checkpoint == made.revision
    # Everything that was taken in before is known as a duplicate as long as Shopify may repeat it.
    more(home, 5)
    assert replay(home).is_equal


def day_of(name: str) -> int:
    from datetime import date

    return (date.fromisoformat(name.removesuffix(".sqlite")) - date(1970, 1, 1)).days


def test_without_its_checkpoint_a_shortened_log_is_never_taken_for_a_whole_one(
    home: LivedHome,
) -> None:
    made = checkpoint(home.settings, CLOCK)
    flip_a_bit(bootstrap.open_checkpoints(home.settings).path(made.revision), 9_000)
    with pytest.raises(Damaged, match="the log was shortened"):
        replay(home)
    for path in ledger_path(home.settings).parent.glob("00.sqlite*"):
        path.unlink()
    with pytest.raises(Damaged, match="shopwright replay --adopt"):
        home.work()


def test_a_checkpoint_alone_brings_a_lost_ledger_back(home: LivedHome) -> None:
    made = checkpoint(home.settings, CLOCK)
    for path in ledger_path(home.settings).parent.glob("00.sqlite*"):
        path.unlink()
    found = Replaying(home.settings, lambda _: None).run(adopting=True)
    assert (found.adopted, found.rebuilt) == (True, made.digest)
    assert replay(home).is_equal


def test_segments_stay_that_a_consumer_still_needs(home: LivedHome) -> None:
    log = bootstrap.open_log(home.settings)
    first = int(day_of(days(home)[0])) << 40 | 1
    log.commit("slow reader", Position({"web-0": first}))
    assert checkpoint(home.settings, CLOCK).segments_removed <= 1
    log.commit("slow reader", log.end())
    more(home, 6)
    assert checkpoint(home.settings, CLOCK).segments_removed > 10
    log.close()


def test_nothing_goes_by_default_and_never_before_a_week(home: LivedHome) -> None:
    from msgspec.structs import replace

    for_ever = replace(home.settings, keep_log_days=0)
    assert checkpoint(for_ever, CLOCK).segments_removed == 0
    one_day = replace(home.settings, keep_log_days=1)
    before = days(home)
    shorten_log(one_day, CLOCK)
    week = END_US // US_PER_DAY - 7
    kept = days(home)
    assert kept != before
    assert {name for name in before if day_of(name) >= week} <= set(kept)


class FakeJob:
    """A child program that ends when it is told to."""

    def __init__(self) -> None:
        self.ended: Ended | None = None
        self.was_ended = False

    def poll(self) -> Ended | None:
        return self.ended

    def end(self) -> None:
        self.was_ended = True


def test_the_chore_has_one_made_when_it_is_due(home: LivedHome) -> None:
    clock = SimulatedClock(END_US)
    jobs: list[FakeJob] = []

    def start() -> Any:
        jobs.append(FakeJob())
        return jobs[-1]

    def turn(us: int) -> int:
        clock.set(clock.now_us() + us)
        assert not chore.step(), "waiting is no work: the worker must not spin"
        return len(jobs)

    chore = Checkpointing(home.settings, bootstrap.open_stores(home.settings), clock, start)
    assert turn(0) == turn(FIRST_LOOK_US) == 0, "an installation begins without one"
    assert turn(24 * US_PER_HOUR) == 1
    assert turn(48 * US_PER_HOUR) == 1, "one at a time"
    jobs[0].ended = Ended(1, 3.0, False, "the disk is full")
    assert turn(1) == turn(RETRY_US - 10) == 1
    assert turn(20) == 2
    jobs[1].ended = Ended(0, 3.0, False, "")
    bootstrap.open_checkpoints(home.settings).make(clock.now_us())
    assert turn(1) == turn(23 * US_PER_HOUR) == 2
    assert turn(2 * US_PER_HOUR) == 3
    chore.end()
    assert jobs[2].was_ended
