"""What every Errands promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopwright.adapters.errands_sqlite import SqliteErrands
from shopwright.adapters.memory_errands import MemoryErrands
from shopwright.core.ports import Errands


class ErrandsContract:
    @pytest.fixture
    def errands(self) -> Errands:
        raise NotImplementedError

    def test_errands_of_a_kind_wait_oldest_first_until_they_are_answered(
        self, errands: Errands
    ) -> None:
        assert list(errands.open("redrive")) == []
        numbers = [errands.ask("redrive", body, 5) for body in (b"b", b"a")]
        other = errands.ask("adopt", b"c", 5)
        assert sorted({*numbers, other}) == [*numbers, other], "numbers grow, none is given twice"
        assert list(errands.open("redrive")) == [(numbers[0], b"b"), (numbers[1], b"a")]
        assert errands.answered(numbers[0]) is None
        errands.answer(numbers[0], b"done")
        assert list(errands.open("redrive")) == [(numbers[1], b"a")]
        assert errands.answered(numbers[0]) == b"done"
        assert list(errands.open("adopt")) == [(other, b"c")]

    def test_an_empty_answer_is_an_answer(self, errands: Errands) -> None:
        number = errands.ask("redrive", b"", 5)
        errands.answer(number, b"")
        assert errands.answered(number) == b""
        assert list(errands.open("redrive")) == []

    def test_the_first_answer_stands(self, errands: Errands) -> None:
        number = errands.ask("redrive", b"", 5)
        errands.answer(number, b"first")
        errands.answer(number, b"second")
        assert errands.answered(number) == b"first"

    def test_nobody_answered_what_nobody_asked(self, errands: Errands) -> None:
        errands.answer(4711, b"?")
        assert errands.answered(4711) is None
        assert errands.answered(1) is None


class TestMemoryErrands(ErrandsContract):
    @pytest.fixture
    def errands(self) -> Errands:
        return MemoryErrands()


class TestSqliteErrands(ErrandsContract):
    @pytest.fixture
    def errands(self, tmp_path: Path) -> Iterator[Errands]:
        errands = SqliteErrands(tmp_path / "control.db")
        yield errands
        errands.close()

    def test_an_errand_outlives_the_process_that_asked(self, tmp_path: Path) -> None:
        asker = SqliteErrands(tmp_path / "control.db")
        number = asker.ask("redrive", b"x", 5)
        asker.close()
        worker = SqliteErrands(tmp_path / "control.db")
        assert list(worker.open("redrive")) == [(number, b"x")]
        worker.answer(number, b"y")
        worker.close()
        later = SqliteErrands(tmp_path / "control.db")
        assert later.answered(number) == b"y"
        later.close()
