"""What every Outbox promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopwright.adapters.memory_control import MemoryOutbox
from shopwright.adapters.outbox_sqlite import SqliteOutbox
from shopwright.core.ports import Outbox


class OutboxContract:
    @pytest.fixture
    def outbox(self) -> Outbox:
        raise NotImplementedError

    def test_items_wait_oldest_first_until_they_are_done(self, outbox: Outbox) -> None:
        assert list(outbox.pending("mlflow", 10)) == []
        for key in ("b", "a", "c"):
            outbox.add("mlflow", key, key.encode())
        outbox.add("mail", "a", b"other")
        assert list(outbox.pending("mlflow", 2)) == [("b", b"b"), ("a", b"a")]
        outbox.done("mlflow", "b")
        outbox.done("mlflow", "c")
        assert list(outbox.pending("mlflow", 10)) == [("a", b"a")]
        assert list(outbox.pending("mail", 10)) == [("a", b"other")]

    def test_what_was_not_done_is_handed_out_again(self, outbox: Outbox) -> None:
        outbox.add("mlflow", "a", b"1")
        assert outbox.pending("mlflow", 1) == outbox.pending("mlflow", 1)

    def test_adding_again_replaces_the_body(self, outbox: Outbox) -> None:
        outbox.add("mlflow", "a", b"1")
        outbox.add("mlflow", "b", b"2")
        outbox.add("mlflow", "a", b"3")
        assert sorted(outbox.pending("mlflow", 10)) == [("a", b"3"), ("b", b"2")]

    def test_done_without_having_looked_removes_what_waits(self, outbox: Outbox) -> None:
        outbox.add("mlflow", "a", b"1")
        outbox.done("mlflow", "a")
        outbox.done("mlflow", "unknown")
        assert list(outbox.pending("mlflow", 10)) == []

    @pytest.mark.parametrize("newer", [b"2", b"1", b""])
    def test_a_body_replaced_while_the_older_one_was_being_sent_stays(
        self, outbox: Outbox, newer: bytes
    ) -> None:
        outbox.add("mlflow", "a", b"1")
        outbox.pending("mlflow", 1)
        outbox.add("mlflow", "a", newer)
        outbox.done("mlflow", "a")
        assert list(outbox.pending("mlflow", 10)) == [("a", newer)]
        outbox.done("mlflow", "a")
        assert list(outbox.pending("mlflow", 10)) == []


class TestMemoryOutbox(OutboxContract):
    @pytest.fixture
    def outbox(self) -> Outbox:
        return MemoryOutbox()


class TestSqliteOutbox(OutboxContract):
    @pytest.fixture
    def outbox(self, tmp_path: Path) -> Iterator[Outbox]:
        outbox = SqliteOutbox(tmp_path / "control.db")
        yield outbox
        outbox.close()

    def test_a_replacement_by_another_process_stays_too(self, tmp_path: Path) -> None:
        sender, other = (SqliteOutbox(tmp_path / "control.db") for _ in range(2))
        sender.add("mlflow", "a", b"1")
        sender.pending("mlflow", 1)
        other.add("mlflow", "a", b"2")
        sender.done("mlflow", "a")
        assert list(sender.pending("mlflow", 10)) == [("a", b"2")]
        sender.close()
        other.close()
