"""What every EventLog promises."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from log_cases import (
    ANNA,
    BEN,
    NOON_US,
    NOWHERE,
    OTHER_STORE,
    STORE,
    event,
    events_of,
    everything,
)

from shopwright.adapters.log_sqlite import SqliteLog
from shopwright.adapters.memory_log import MemoryLog
from shopwright.core.clock import US_PER_DAY
from shopwright.core.ports import EventLog
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.log import Appended, Position


class Logs(Protocol):
    """Opens logs that share one place."""

    def __call__(self, partition: str | None) -> EventLog: ...


class EventLogContract:
    @pytest.fixture
    def logs(self) -> Logs:
        raise NotImplementedError

    @pytest.fixture
    def log(self, logs: Logs) -> EventLog:
        return logs("web-0")

    def test_an_empty_log_has_no_end_and_nothing_to_read(self, log: EventLog) -> None:
        assert log.end() == {}
        assert list(log.read(NOWHERE, 10)) == []

    def test_what_was_appended_is_read_back_unchanged_and_in_order(self, log: EventLog) -> None:
        events = [
            event(1, content="one"),
            event(2, subject=None),
            event(3, store_id=OTHER_STORE, subject=BEN),
        ]
        assert log.append(events) == Appended(new=3, duplicates=0)
        assert events_of(log) == events

    def test_nothing_appended_changes_nothing(self, log: EventLog) -> None:
        assert log.append([]) == Appended(new=0, duplicates=0)
        assert log.end() == {}

    def test_a_delivery_is_stored_once(self, log: EventLog) -> None:
        log.append([event(1)])
        assert log.append([event(1), event(2)]) == Appended(new=1, duplicates=1)
        assert events_of(log) == [event(1), event(2)]

    def test_equal_content_under_another_delivery_is_stored_once(self, log: EventLog) -> None:
        log.append([event(1, content="same")])
        assert log.append([event(2, content="same")]) == Appended(new=0, duplicates=1)
        assert events_of(log) == [event(1, content="same")]

    def test_events_without_a_content_key_are_not_equal(self, log: EventLog) -> None:
        assert log.append([event(1), event(2)]) == Appended(new=2, duplicates=0)

    def test_duplicates_inside_a_batch_are_found(self, log: EventLog) -> None:
        batch = [event(1, content="x"), event(1, content="x"), event(2, content="x"), event(3)]
        assert log.append(batch) == Appended(new=2, duplicates=2)
        assert events_of(log) == [event(1, content="x"), event(3)]

    def test_a_late_copy_on_the_third_day_is_found(self, log: EventLog) -> None:
        log.append([event(1, content="x")])
        for day in (1, 2, 3):
            again = event(1, content="x", received_us=NOON_US + day * US_PER_DAY)
            other = event(day + 10, content="x", received_us=NOON_US + day * US_PER_DAY)
            fresh = event(day + 20, received_us=NOON_US + day * US_PER_DAY)
            assert log.append([again, other, fresh]) == Appended(new=1, duplicates=2)

    def test_two_stores_may_use_one_delivery_id(self, log: EventLog) -> None:
        ours, theirs = event(1), event(1, store_id=OTHER_STORE)
        assert log.append([ours, theirs]) == Appended(new=2, duplicates=0)

    def test_offsets_only_grow_also_when_the_clock_goes_back(self, log: EventLog) -> None:
        for number, day in enumerate([0, 5, -3, 5, 0, 6, 400, 2]):
            log.append([event(number, received_us=NOON_US + day * US_PER_DAY)])
        records = everything(log)
        offsets = [record.offset for record in records]
        assert [record.event.delivery_id for record in records] == [
            f"delivery-{n}" for n in range(8)
        ]
        assert offsets == sorted(set(offsets))
        assert offsets[0] > 0
        assert log.end() == {"web-0": offsets[-1]}

    def test_a_batch_around_midnight_stays_whole_and_in_order(self, log: EventLog) -> None:
        midnight_us = NOON_US + US_PER_DAY // 2
        batch = [event(n, received_us=midnight_us + n - 2) for n in range(5)]
        log.append(batch)
        assert events_of(log) == batch

    def test_reading_goes_on_after_a_position(self, log: EventLog) -> None:
        log.append([event(n) for n in range(10)])
        first = log.read(NOWHERE, 4)
        rest = log.read(Position({"web-0": first[-1].offset}), 100)
        assert [r.event for r in (*first, *rest)] == [event(n) for n in range(10)]
        assert list(log.read(log.end(), 100)) == []

    def test_a_reader_sees_what_is_appended_later_by_every_writer(self, logs: Logs) -> None:
        reader, one = logs(None), logs("web-0")
        assert events_of(reader) == []
        one.append([event(1)])
        assert events_of(reader) == [event(1)]
        position = reader.end()
        two = logs("web-1")
        two.append([event(2)])
        tomorrow = event(3, received_us=NOON_US + US_PER_DAY)
        one.append([tomorrow])
        assert {r.partition: r.event for r in everything(reader, position)} == {
            "web-0": tomorrow,
            "web-1": event(2),
        }
        assert set(reader.end()) == {"web-0", "web-1"}

    def test_each_partition_has_its_own_deliveries(self, logs: Logs) -> None:
        """Two writers may each take a copy; whoever counts must count by what was told."""
        one, two = logs("web-0"), logs("web-1")
        assert one.append([event(1)]) == two.append([event(1)]) == Appended(new=1, duplicates=0)

    def test_a_busy_partition_does_not_starve_a_quiet_one(self, logs: Logs) -> None:
        busy, quiet, reader = logs("web-0"), logs("web-1"), logs(None)
        busy.append([event(n) for n in range(200)])
        quiet.append([event(1_000)])
        found = reader.read(NOWHERE, 10)
        assert {r.partition for r in found} == {"web-0", "web-1"}
        at_one = [reader.read(NOWHERE, 1)[0].partition for _ in range(4)]
        assert set(at_one) == {"web-0", "web-1"}

    def test_an_unused_share_goes_to_the_others(self, logs: Logs) -> None:
        logs("web-0").append([event(1)])
        logs("web-1").append([event(n) for n in range(100, 200)])
        reader = logs(None)
        assert max(len(reader.read(NOWHERE, 50)) for _ in range(2)) == 50
        assert len(everything(reader, limit=50)) == 101

    def test_a_consumers_position_is_remembered(self, logs: Logs) -> None:
        log = logs("web-0")
        assert isinstance(log, SqliteLog | MemoryLog)
        log.commit("materialize", Position({"web-0": 5, "web-1": 7}))
        log.commit("mirror", Position({"web-0": 3}))
        log.commit("materialize", Position({"web-0": 6}))
        assert log.committed() == {"materialize": {"web-0": 6}, "mirror": {"web-0": 3}}

    def test_a_forgotten_subject_is_gone_from_every_partition_and_day(self, logs: Logs) -> None:
        one, two, reader = logs("web-0"), logs("web-1"), logs(None)
        one.append([event(1), event(2, subject=BEN), event(3, subject=None)])
        one.append([event(4, received_us=NOON_US + US_PER_DAY)])
        two.append([event(5), event(6, store_id=OTHER_STORE)])
        assert reader.forget(STORE, ANNA) == 3
        assert {r.event.delivery_id for r in everything(reader)} == {
            "delivery-2",
            "delivery-3",
            "delivery-6",
        }
        assert reader.forget(STORE, ANNA) == 0

    def test_a_forgotten_store_leaves_the_others_events(self, logs: Logs) -> None:
        one, two, reader = logs("web-0"), logs("web-1"), logs(None)
        one.append([event(1), event(2, subject=BEN), event(3, subject=None)])
        one.append([event(4, received_us=NOON_US + US_PER_DAY)])
        two.append([event(5, subject=None), event(6, store_id=OTHER_STORE)])
        assert reader.forget(STORE, None) == 5
        assert events_of(reader) == [event(6, store_id=OTHER_STORE)]
        assert reader.forget(STORE, None) == 0

    def test_forgetting_somebody_unknown_changes_nothing(self, log: EventLog) -> None:
        log.append([event(1)])
        assert log.forget(STORE, Pseudonym(b"?" * 16)) == 0
        assert events_of(log) == [event(1)]

    def test_an_offset_is_never_given_twice_not_even_after_forgetting(self, log: EventLog) -> None:
        log.append([event(1), event(2, subject=BEN)])
        position = log.end()
        log.forget(STORE, BEN)
        log.append([event(3)])
        assert [r.event for r in everything(log, position)] == [event(3)]

    def test_a_log_of_which_everything_is_forgotten_has_no_end(self, log: EventLog) -> None:
        log.append([event(1)])
        log.forget(STORE, ANNA)
        assert log.end() == {}
        assert list(log.read(NOWHERE, 10)) == []


class TestMemoryLog(EventLogContract):
    @pytest.fixture
    def logs(self) -> Logs:
        shared = MemoryLog()
        return lambda partition: MemoryLog(partition or "reader", beside=shared)


class TestSqliteLog(EventLogContract):
    @pytest.fixture
    def logs(self, tmp_path: Path) -> Iterator[Logs]:
        with ExitStack() as opened:

            def open_log(partition: str | None) -> SqliteLog:
                log = SqliteLog(tmp_path / "log", partition)
                opened.callback(log.close)
                return log

            yield open_log
