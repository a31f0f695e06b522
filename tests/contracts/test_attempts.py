"""What every Attempts promises."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopwright.adapters.attempts_sqlite import SqliteAttempts
from shopwright.adapters.memory_access import MemoryAttempts
from shopwright.core.ports import Attempts
from shopwright.privacy.patience import FORGOTTEN_US, WAIT_US_MAX

ANN, BOB = b"ann", b"bob"
SECOND_US = 1_000_000


class AttemptsContract:
    @pytest.fixture
    def attempts(self) -> Attempts:
        raise NotImplementedError

    @pytest.fixture
    def few(self) -> Attempts:
        """Return attempts of at most three keys."""
        raise NotImplementedError

    def test_waits_begin_after_the_free_ones_and_double(self, attempts: Attempts) -> None:
        now_us, waits = 10 * SECOND_US, []
        for _ in range(16):
            assert attempts.begin({ANN: 5}, now_us) == 0
            waits.append(attempts.left([ANN], now_us))
            now_us += waits[-1]
        assert waits == [0] * 5 + [min(SECOND_US << n, WAIT_US_MAX) for n in range(11)]

    def test_who_must_wait_is_not_counted_and_waits_no_longer(self, attempts: Attempts) -> None:
        for _ in range(2):
            attempts.begin({ANN: 1}, 0)
        assert [attempts.begin({ANN: 1}, at) for at in (0, SECOND_US // 2)] == [
            SECOND_US,
            SECOND_US // 2,
        ]
        assert attempts.begin({ANN: 1}, SECOND_US) == 0
        assert attempts.left([ANN], SECOND_US) == 2 * SECOND_US

    def test_one_key_that_waits_holds_the_others_back(self, attempts: Attempts) -> None:
        for _ in range(2):
            attempts.begin({ANN: 1}, 0)
        assert attempts.begin({ANN: 1, BOB: 9}, 0) == SECOND_US
        assert attempts.left([BOB], 0) == 0
        assert attempts.left([BOB, ANN], 0) == SECOND_US
        assert not attempts.forgive(BOB, times=None)

    def test_forgiving_all_and_forgiving_one(self, attempts: Attempts) -> None:
        for _ in range(2):
            attempts.begin({ANN: 1}, 0)
        assert attempts.forgive(ANN, times=1)
        assert attempts.begin({ANN: 1}, 0) == 0
        assert attempts.left([ANN], 0) == SECOND_US
        assert attempts.forgive(ANN, times=None)
        assert attempts.begin({ANN: 1}, 0) == 0
        assert attempts.left([ANN], 0) == 0

    def test_a_day_of_rest_begins_anew(self, attempts: Attempts) -> None:
        for _ in range(9):
            attempts.begin({ANN: 20}, 0)
        attempts.begin({ANN: 3}, FORGOTTEN_US + 1)
        assert attempts.left([ANN], FORGOTTEN_US + 1) == 0

    def test_a_clock_that_was_set_back_makes_nobody_wait_longer(self, attempts: Attempts) -> None:
        for _ in range(2):
            attempts.begin({ANN: 1}, 1_000 * WAIT_US_MAX)
        assert attempts.begin({ANN: 1}, 0) <= WAIT_US_MAX

    def test_many_at_once_get_no_more_than_the_free_ones(self, attempts: Attempts) -> None:
        let_in: list[int] = []
        threads = [
            threading.Thread(target=lambda: let_in.append(attempts.begin({ANN: 5}, 0)))
            for _ in range(24)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert let_in.count(0) == 6

    def test_strangers_cannot_fill_it_and_the_one_that_waits_stays(self, few: Attempts) -> None:
        for _ in range(4):
            few.begin({ANN: 1}, 0)
            few.begin({ANN: 1}, 60 * SECOND_US)
        for number in range(50):
            few.begin({str(number).encode(): 9}, 60 * SECOND_US + number)
        assert few.left([ANN], 60 * SECOND_US) > 0
        kept = [few.forgive(str(number).encode(), times=None) for number in range(50)]
        assert sum(kept) == 2


class TestMemoryAttempts(AttemptsContract):
    @pytest.fixture
    def attempts(self) -> Attempts:
        return MemoryAttempts()

    @pytest.fixture
    def few(self) -> Attempts:
        return MemoryAttempts(kept_max=3)


class TestSqliteAttempts(AttemptsContract):
    @pytest.fixture
    def attempts(self, tmp_path: Path) -> Iterator[Attempts]:
        attempts = SqliteAttempts(tmp_path / "control.db")
        yield attempts
        attempts.close()

    @pytest.fixture
    def few(self, tmp_path: Path) -> Iterator[Attempts]:
        attempts = SqliteAttempts(tmp_path / "control.db", kept_max=3)
        yield attempts
        attempts.close()
