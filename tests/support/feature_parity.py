"""Asks each reading of a feature view the same questions, and compares the answers bit for bit."""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import feature_oracle
import numpy as np
from order_histories import History, Question

from shopwright.adapters.memory_offline import MemoryOfflineStore
from shopwright.core.errors import ShopwrightError
from shopwright.core.types.feature import FeatureValue
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import MonthPartition
from shopwright.core.types.order import OrderVersion
from shopwright.features import record
from shopwright.features.definitions import CUSTOMER
from shopwright.features.sql import point_in_time_sql
from shopwright.features.view import FeatureView

Vector = Mapping[str, FeatureValue]
Expected = Callable[[Question], Vector]


def spine_of(questions: Sequence[Question]) -> dict[str, "np.ndarray[Any, Any]"]:
    """Return the questions as a spine, in an order that is not that of their row ids."""
    turned = list(enumerate(questions))[::-1]
    return {
        "row_id": np.array([i for i, _ in turned], dtype=np.int64),
        "store_id": objects([q.store_id for _, q in turned]),
        "entity": objects([q.customer for _, q in turned]),
        "as_of_us": np.array([q.as_of_us for _, q in turned], dtype=np.int64),
        "minor_per_major": np.array([q.minor_per_major for _, q in turned], dtype=np.int64),
    }


def objects(values: Sequence[object]) -> "np.ndarray[Any, Any]":
    """Return an array of these very objects."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def bits(vector: Vector) -> dict[str, object]:
    """Return the values so that only equal types and equal bits are equal."""
    return {
        name: struct.pack("<d", value) if type(value) is float else (type(value), value)
        for name, value in vector.items()
    }


def by_sql(versions: Sequence[OrderVersion], questions: Sequence[Question], sql: str) -> list[Any]:
    """Return DuckDB's answers, one for each question."""
    store = MemoryOfflineStore()
    months: dict[MonthPartition, list[OrderVersion]] = {}
    for version in versions:
        months.setdefault(MonthPartition(version.store_id, "2025-10"), []).append(version)
    store.write(months, {}, through=1)
    asked = sorted({question.store_id for question in questions})
    columns = store.query(sql, asked, spine_of(questions))
    assert columns["row_id"].tolist() == list(range(len(questions)))
    return [
        {name: value_at(column, i) for name, column in columns.items() if name != "row_id"}
        for i in range(len(questions))
    ]


def value_at(column: "np.ndarray[Any, Any]", i: int) -> object:
    """Return one value as Python has it; null is None."""
    value = column[i]
    if value is np.ma.masked:
        return None
    return value.item() if isinstance(value, np.generic) else value


class Ledger(dict[tuple[StoreId, Pseudonym], list[OrderVersion]]):
    """Versions by the customer they name, as the ledger gives them."""

    def __init__(self, versions: Sequence[OrderVersion]) -> None:
        super().__init__()
        for one in versions:
            if one.customer is not None:
                self.setdefault((one.store_id, one.customer), []).append(one)

    def of(self, question: Question) -> list[OrderVersion]:
        """Return the versions that name the customer asked about."""
        return self.get((question.store_id, question.customer), [])


def by_record(view: FeatureView, versions: Sequence[OrderVersion], question: Question) -> Vector:
    """Return the packed record's answer."""
    state = record.pack(versions, question.floor_us, view)
    return record.evaluate(view, state, question.as_of_us, question.minor_per_major)


def by_versions(view: FeatureView, versions: Sequence[OrderVersion], question: Question) -> Vector:
    """Return the answer of the versions themselves."""
    return record.evaluate_versions(view, versions, question.as_of_us, question.minor_per_major)


def by_oracle(
    versions: Sequence[OrderVersion], question: Question, view: FeatureView = CUSTOMER
) -> Vector:
    """Return the oracle's answer of the versions, for the features of a view."""
    known = feature_oracle.of_versions(
        versions,
        question.store_id,
        question.customer,
        question.as_of_us,
        question.minor_per_major,
    )
    return {name: known[name] for name in view.names}


def differing(
    history: History,
    expected: Expected | None = None,
    *,
    view: FeatureView = CUSTOMER,
    sql: str | None = None,
) -> set[str]:
    """Return which readings (``sql``, ``record``, ``versions``) differ from what is expected.

    A reading that answers with an error, or with the wrong number of rows, differs.
    """
    versions, questions = history
    ledger = Ledger(versions)
    expect = expected or (lambda question: by_oracle(ledger.of(question), question, view))
    wanted = [bits(expect(question)) for question in questions]
    readings: dict[str, Callable[[], list[Vector]]] = {
        "sql": lambda: by_sql(versions, questions, sql or point_in_time_sql(view)),
        "record": lambda: [by_record(view, ledger.of(q), q) for q in questions],
        "versions": lambda: [by_versions(view, ledger.of(q), q) for q in questions],
    }
    return {name for name, read in readings.items() if _answers(read) != wanted}


def _answers(read: Callable[[], list[Vector]]) -> list[dict[str, object]] | None:
    try:
        return [bits(vector) for vector in read()]
    except (ShopwrightError, AssertionError, ValueError, TypeError):
        return None
