"""What every Sessions promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from shopwright.adapters.memory_access import MemorySessions
from shopwright.adapters.sessions_sqlite import SqliteSessions
from shopwright.core.ports import Sessions
from shopwright.core.types.access import Session


def session(number: int, user: str = "ann", at_us: int = 100) -> Session:
    return Session(
        token_hash=bytes([number]) * 32,
        user=user,
        csrf=f"csrf-{number}",
        password_us=5,
        made_us=at_us,
        seen_us=at_us,
    )


def opened(sessions: Sessions, one: Session) -> None:
    sessions.open(one, made_after_us=0, seen_after_us=0)


class SessionsContract:
    @pytest.fixture
    def sessions(self) -> Sessions:
        raise NotImplementedError

    def test_they_are_found_by_hash_alone(self, sessions: Sessions) -> None:
        for number in (1, 2):
            opened(sessions, session(number))
        assert sessions.find(session(2).token_hash) == session(2)
        assert sessions.find(b"\3" * 32) is None
        assert sessions.find(session(2).token_hash[:31]) is None

    def test_use_moves_only_the_time_of_use(self, sessions: Sessions) -> None:
        opened(sessions, session(1))
        opened(sessions, session(2))
        sessions.seen(session(1).token_hash, 900)
        assert sessions.find(session(1).token_hash) == replace(session(1), seen_us=900)
        assert sessions.find(session(2).token_hash) == session(2)

    def test_one_ends_once(self, sessions: Sessions) -> None:
        opened(sessions, session(1))
        opened(sessions, session(2))
        assert [sessions.end(session(1).token_hash) for _ in range(2)] == [True, False]
        sessions.seen(session(1).token_hash, 900)
        assert sessions.find(session(1).token_hash) is None
        assert sessions.find(session(2).token_hash) is not None

    def test_all_of_one_user_end_and_nobody_elses(self, sessions: Sessions) -> None:
        for number, user in enumerate(["ann", "bob", "ann"]):
            opened(sessions, session(number, user))
        assert [sessions.end_all("ann"), sessions.end_all("ann")] == [2, 0]
        assert sessions.find(session(1).token_hash) == session(1, "bob")

    def test_opening_one_drops_those_that_are_too_old(self, sessions: Sessions) -> None:
        opened(sessions, session(1, at_us=100))
        opened(sessions, replace(session(2, at_us=100), seen_us=800))
        opened(sessions, replace(session(3, at_us=500), seen_us=600))
        sessions.open(session(4, at_us=900), made_after_us=200, seen_after_us=600)
        found = [sessions.find(session(number).token_hash) is not None for number in range(1, 5)]
        assert found == [False, False, True, True]


class TestMemorySessions(SessionsContract):
    @pytest.fixture
    def sessions(self) -> Sessions:
        return MemorySessions()


class TestSqliteSessions(SessionsContract):
    @pytest.fixture
    def sessions(self, tmp_path: Path) -> Iterator[Sessions]:
        sessions = SqliteSessions(tmp_path / "control.db")
        yield sessions
        sessions.close()
