"""What every Audit promises."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopwright.adapters.audit_sqlite import SqliteAudit
from shopwright.adapters.memory_access import MemoryAudit
from shopwright.core.ports import Audit
from shopwright.core.types.audit import AuditEntry
from shopwright.core.types.identity import StoreId

STORE = StoreId("a.myshopify.com")


class AuditContract:
    @pytest.fixture
    def audit(self) -> Audit:
        raise NotImplementedError

    def test_an_empty_trail_has_no_lines(self, audit: Audit) -> None:
        assert list(audit.of(10)) == []

    def test_lines_are_numbered_and_the_newest_comes_first(self, audit: Audit) -> None:
        numbers = [
            audit.record(5_000 - n, f"user {n}", "logged in", STORE if n else None, f"é {n}")
            for n in range(3)
        ]
        assert numbers == [1, 2, 3]
        assert list(audit.of(2)) == [
            AuditEntry(
                number=n + 1,
                at_us=5_000 - n,
                who=f"user {n}",
                did="logged in",
                store_id=STORE,
                about=f"é {n}",
            )
            for n in (2, 1)
        ]
        assert audit.of(10)[-1].store_id is None

    def test_the_same_thing_may_happen_twice(self, audit: Audit) -> None:
        assert [audit.record(1, "unknown", "login failed") for _ in range(2)] == [1, 2]


class TestMemoryAudit(AuditContract):
    @pytest.fixture
    def audit(self) -> Audit:
        return MemoryAudit()


class TestSqliteAudit(AuditContract):
    @pytest.fixture
    def audit(self, tmp_path: Path) -> Iterator[Audit]:
        audit = SqliteAudit(tmp_path / "control.db")
        yield audit
        audit.close()

    def test_lines_outlive_the_process(self, tmp_path: Path, audit: Audit) -> None:
        audit.record(1, "operator ann", "key created", STORE, "k1")
        other = SqliteAudit(tmp_path / "control.db")
        assert list(other.of(5)) == list(audit.of(5))
        assert other.record(2, "operator ann", "key revoked", STORE, "k1") == 2
        other.close()

    def test_the_file_itself_refuses_to_change_one(self, tmp_path: Path, audit: Audit) -> None:
        audit.record(1, "operator ann", "key created")
        other_tool = sqlite3.connect(tmp_path / "control.db")
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            other_tool.execute("UPDATE audit SET who = 'nobody'")
        other_tool.close()
        assert audit.of(1)[0].who == "operator ann"
