"""The label SQL on a real DuckDB, against the definition written as a loop."""

import duckdb
import numpy as np
import pytest

from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import BadInput
from shopwright.core.types.order import UNTIL_FOREVER_US
from shopwright.training.labels import label_sql

KNOWN_BY = 100 * US_PER_DAY
STORES = ("a.myshopify.com", "b.myshopify.com")
PEOPLE = tuple(bytes([number]) * 16 for number in range(4))

Order = tuple[str, bytes | None, int, int, int, bool]
"""store_id, customer, known_us, known_until_us, occurred_us, valid"""
Question = tuple[int, str, bytes, int]
"""row_id, store_id, entity, as_of_us"""


def _asked(questions: list[Question], orders: list[Order], horizon: int) -> list[tuple[int, int]]:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE spine (row_id BIGINT, store_id VARCHAR, entity BLOB, as_of_us BIGINT,"
            " minor_per_major BIGINT)"
        )
        connection.execute(
            "CREATE TABLE orders (store_id VARCHAR, customer BLOB, known_us BIGINT,"
            " known_until_us BIGINT, occurred_us BIGINT, valid BOOLEAN)"
        )
        connection.executemany("INSERT INTO spine VALUES (?, ?, ?, ?, 100)", questions)
        if orders:
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", orders)
        return connection.execute(label_sql(horizon, KNOWN_BY)).fetchall()


def _by_hand(questions: list[Question], orders: list[Order], horizon: int) -> list[tuple[int, int]]:
    answers = []
    for row_id, store_id, entity, as_of in sorted(questions):
        hits = [
            order
            for order in orders
            if order[0] == store_id
            and order[1] == entity
            and order[5]
            and order[2] < KNOWN_BY <= order[3]
            and as_of <= order[4] < as_of + horizon * US_PER_DAY
        ]
        answers.append((row_id, int(bool(hits))))
    return answers


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("horizon", [7, 30])
def test_labels_equal_the_loop(seed: int, horizon: int) -> None:
    chance = np.random.default_rng(seed)

    def day(low: int, high: int) -> int:
        # Whole days, so that window ends are hit exactly; sometimes a microsecond beside.
        return int(chance.integers(low, high)) * US_PER_DAY + int(chance.integers(-1, 2))

    orders: list[Order] = []
    for _ in range(120):
        known = day(20, 110)
        until = known + day(1, 40) if chance.random() < 0.4 else UNTIL_FOREVER_US
        whose = PEOPLE[chance.integers(4)] if chance.random() < 0.9 else None
        store = STORES[chance.integers(2)]
        orders.append((store, whose, known, until, day(20, 100), bool(chance.random() < 0.8)))
    questions: list[Question] = [
        (int(row), STORES[chance.integers(2)], PEOPLE[chance.integers(4)], day(10, 95))
        for row in chance.permutation(60)
    ]
    labels = _asked(questions, orders, horizon)
    assert labels == _by_hand(questions, orders, horizon)
    assert {label for _, label in labels} == {0, 1}


ONE = (1, STORES[0], PEOPLE[0], 50 * US_PER_DAY)


@pytest.mark.parametrize(
    ("occurred", "known", "until", "label"),
    [
        (50 * US_PER_DAY, 51 * US_PER_DAY, UNTIL_FOREVER_US, 1),
        (50 * US_PER_DAY - 1, 51 * US_PER_DAY, UNTIL_FOREVER_US, 0),
        (80 * US_PER_DAY - 1, 81 * US_PER_DAY, UNTIL_FOREVER_US, 1),
        (80 * US_PER_DAY, 81 * US_PER_DAY, UNTIL_FOREVER_US, 0),
        (60 * US_PER_DAY, KNOWN_BY - 1, UNTIL_FOREVER_US, 1),
        (60 * US_PER_DAY, KNOWN_BY, UNTIL_FOREVER_US, 0),
        (60 * US_PER_DAY, 61 * US_PER_DAY, KNOWN_BY, 1),
        (60 * US_PER_DAY, 61 * US_PER_DAY, KNOWN_BY - 1, 0),
    ],
)
def test_edges_of_the_window_and_of_what_is_known(
    occurred: int, known: int, until: int, label: int
) -> None:
    orders: list[Order] = [(STORES[0], PEOPLE[0], known, until, occurred, True)]
    assert _asked([ONE], orders, 30) == [(1, label)]


def test_an_order_that_was_cancelled_before_the_cut_off_is_no_order() -> None:
    placed, cancelled = 60 * US_PER_DAY, 70 * US_PER_DAY
    orders: list[Order] = [
        (STORES[0], PEOPLE[0], placed, cancelled, placed, True),
        (STORES[0], PEOPLE[0], cancelled, UNTIL_FOREVER_US, placed, False),
    ]
    assert _asked([ONE], orders, 30) == [(1, 0)]


def test_several_orders_are_one_positive_and_no_orders_is_no_error() -> None:
    placed = 60 * US_PER_DAY
    order: Order = (STORES[0], PEOPLE[0], placed, UNTIL_FOREVER_US, placed, True)
    assert _asked([ONE], [order, order, order], 30) == [(1, 1)]
    assert _asked([ONE], [], 30) == [(1, 0)]


@pytest.mark.parametrize(("horizon", "known_by"), [(0, 1), (-3, 1), (30, -1), (30, 1 << 63)])
def test_impossible_questions_are_bad_input(horizon: int, known_by: int) -> None:
    with pytest.raises(BadInput):
        label_sql(horizon, known_by)


def test_the_text_keeps_to_what_duckdb_and_spark_share() -> None:
    text = label_sql(30, KNOWN_BY)
    for word in ("::", "QUALIFY", "ASOF", "EXCLUDE", "LIST(", "STRUCT", '"', "`", ";"):
        assert word not in text.upper()
