"""What every Decisions promises."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopwright.adapters.decisions_sqlite import SqliteDecisions
from shopwright.adapters.memory_control import MemoryDecisions
from shopwright.core.errors import Damaged
from shopwright.core.ports import Decisions
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import ModelVersion, StoreId

STORE, OTHER_STORE = StoreId("a.myshopify.com"), StoreId("b.myshopify.com")


def decision(number: int, store_id: StoreId = STORE, task: str = "propensity") -> Decision:
    return Decision(
        store_id=store_id,
        task=task,
        model_version=ModelVersion(f"{number:064x}"),
        verdict="champion",
        reason="It ranks buyers better than the baseline: 0.74 against 0.71.",
        figures={"roc_auc": 0.1 + 0.2, "rows": 3.0, "smallest": 5e-324},
        decided_us=1_000 - number,
        author="shopwright",
    )


class DecisionsContract:
    @pytest.fixture
    def decisions(self) -> Decisions:
        raise NotImplementedError

    def test_they_are_numbered_and_come_back_unchanged_in_their_order(
        self, decisions: Decisions
    ) -> None:
        assert list(decisions.of(None, None)) == []
        assert [decisions.record(decision(n)) for n in range(3)] == [1, 2, 3]
        assert list(decisions.of(None, None)) == [decision(n) for n in range(3)]

    def test_the_same_decision_may_be_taken_twice(self, decisions: Decisions) -> None:
        assert [decisions.record(decision(1)) for _ in range(2)] == [1, 2]
        assert len(decisions.of(None, None)) == 2

    def test_they_are_asked_for_by_store_and_task(self, decisions: Decisions) -> None:
        all_four = [
            decision(1),
            decision(2, OTHER_STORE),
            decision(3, task="demand"),
            decision(4, OTHER_STORE, "demand"),
        ]
        for one in all_four:
            decisions.record(one)
        assert list(decisions.of(STORE, None)) == [all_four[0], all_four[2]]
        assert list(decisions.of(None, "demand")) == all_four[2:]
        assert list(decisions.of(OTHER_STORE, "demand")) == all_four[3:]
        assert list(decisions.of(STORE, "price")) == []


class TestMemoryDecisions(DecisionsContract):
    @pytest.fixture
    def decisions(self) -> Decisions:
        return MemoryDecisions()


class TestSqliteDecisions(DecisionsContract):
    @pytest.fixture
    def decisions(self, tmp_path: Path) -> Iterator[Decisions]:
        decisions = SqliteDecisions(tmp_path / "control.db")
        yield decisions
        decisions.close()

    @pytest.mark.parametrize("sql", ["UPDATE decisions SET task = 'x'", "DELETE FROM decisions"])
    def test_the_file_itself_refuses_to_change_or_delete_one(
        self, tmp_path: Path, decisions: Decisions, sql: str
    ) -> None:
        decisions.record(decision(1))
        other_tool = sqlite3.connect(tmp_path / "control.db")
        with pytest.raises(sqlite3.IntegrityError, match="a decision is never"):
            other_tool.execute(sql)
        other_tool.close()
        assert list(decisions.of(None, None)) == [decision(1)]

    def test_one_that_cannot_be_read_is_damage_and_names_the_file(
        self, tmp_path: Path, decisions: Decisions
    ) -> None:
        other_tool = sqlite3.connect(tmp_path / "control.db")
        other_tool.execute("INSERT INTO decisions VALUES (1, 'a', 'b', x'c1')")
        other_tool.commit()
        other_tool.close()
        with pytest.raises(Damaged, match=r"control\.db"):
            decisions.of(None, None)
