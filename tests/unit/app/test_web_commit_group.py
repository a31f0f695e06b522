"""The commit group: bounded, honest about failure, and empty when it has stopped."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopwright.app.metrics import Metrics
from shopwright.app.web.commit_group import CommitGroup, NotStored
from shopwright.core.types.event import Event
from shopwright.core.types.identity import StoreId
from shopwright.core.types.log import Appended


def _event(number: int, body: bytes = b"{}") -> Event:
    return Event(
        store_id=StoreId("pots.myshopify.com"),
        topic="orders/create",
        delivery_id=str(number),
        event_id=None,
        triggered_us=None,
        received_us=number,
        api_version=None,
        subject=None,
        body=body,
    )


class _Disk:
    """Remembers what it was given; can be told to wait, or to refuse some events."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.refused: set[str] = set()
        self.batches: list[list[str]] = []

    def accept(self, events: Sequence[Event]) -> Appended:
        """Store events unless one of them is refused."""
        self.open.wait(10)
        names = [event.delivery_id for event in events]
        if self.refused & set(names):
            raise ValueError("one of these cannot be stored")
        self.batches.append(names)
        return Appended(new=len(names), duplicates=0)

    @property
    def stored(self) -> list[str]:
        """What is stored, in order."""
        return [name for batch in self.batches for name in batch]


async def _results(group: CommitGroup, events: Sequence[Event]) -> list[bool]:
    outcomes = await asyncio.gather(*map(group.commit, events), return_exceptions=True)
    assert all(outcome is None or isinstance(outcome, NotStored) for outcome in outcomes)
    return [outcome is None for outcome in outcomes]


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 60), refused=st.sets(st.integers(0, 59), max_size=6))
def test_what_is_answered_as_stored_is_stored_once_and_nothing_else(
    count: int, refused: set[int]
) -> None:
    disk = _Disk()
    disk.refused = {str(number) for number in refused}

    async def scenario() -> list[bool]:
        group = CommitGroup(disk.accept, Metrics())
        group.start(asyncio.get_running_loop())
        answers = await _results(group, [_event(number) for number in range(count)])
        await group.stop()
        return answers

    answers = asyncio.run(scenario())
    told = {str(number) for number, stored in enumerate(answers) if stored}
    assert sorted(disk.stored) == sorted(told)
    assert told == {str(n) for n in range(count)} - disk.refused


@pytest.mark.parametrize(
    ("limits", "body"), [({"events_max": 5}, b"{}"), ({"bytes_max": 50}, b"x" * 10)]
)
def test_a_full_queue_refuses_instead_of_growing(limits: dict[str, int], body: bytes) -> None:
    disk = _Disk()
    disk.open.clear()

    async def scenario() -> list[bool]:
        group = CommitGroup(disk.accept, Metrics(), **limits)
        group.start(asyncio.get_running_loop())
        waiting = asyncio.create_task(_results(group, [_event(n, body) for n in range(9)]))
        await asyncio.sleep(0.05)
        disk.open.set()
        answers = await waiting
        assert await _results(group, [_event(99, body)]) == [True]
        await group.stop()
        return answers

    assert asyncio.run(scenario()) == [True] * 5 + [False] * 4


def test_events_that_come_during_a_commit_share_the_next() -> None:
    disk = _Disk()
    disk.open.clear()

    async def scenario() -> None:
        group = CommitGroup(disk.accept, Metrics())
        group.start(asyncio.get_running_loop())
        first = asyncio.create_task(group.commit(_event(0)))
        await asyncio.sleep(0.05)
        others = asyncio.gather(*(group.commit(_event(n)) for n in range(1, 40)))
        await asyncio.sleep(0.01)
        disk.open.set()
        await asyncio.gather(first, others)
        await group.stop()

    asyncio.run(scenario())
    assert [len(batch) for batch in disk.batches] == [1, 39]
    assert disk.stored == [str(number) for number in range(40)]


def test_stopping_stores_what_waits_and_takes_no_more() -> None:
    disk = _Disk()
    disk.open.clear()

    async def scenario() -> tuple[list[bool], list[bool]]:
        group = CommitGroup(disk.accept, Metrics())
        group.start(asyncio.get_running_loop())
        waiting = asyncio.create_task(_results(group, [_event(n) for n in range(20)]))
        await asyncio.sleep(0.02)
        stopping = asyncio.create_task(group.stop())
        await asyncio.sleep(0.02)
        late = await _results(group, [_event(99)])
        disk.open.set()
        await stopping
        return await waiting, late

    waited, late = asyncio.run(scenario())
    assert (waited, late) == ([True] * 20, [False])
    assert len(disk.stored) == 20


def test_a_sender_that_leaves_hurts_nobody() -> None:
    disk = _Disk()
    disk.open.clear()

    async def scenario() -> None:
        group = CommitGroup(disk.accept, Metrics())
        group.start(asyncio.get_running_loop())
        leaving: asyncio.Task[Any] = asyncio.create_task(group.commit(_event(0)))
        staying = asyncio.create_task(group.commit(_event(1)))
        await asyncio.sleep(0.02)
        leaving.cancel()
        await asyncio.sleep(0)
        disk.open.set()
        await staying
        await group.stop()

    asyncio.run(scenario())
    assert disk.stored == ["0", "1"]
