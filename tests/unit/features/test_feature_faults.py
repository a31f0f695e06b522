"""Would the parity check notice? Faults put in on purpose; each must be caught where it was put.

A check that no fault can fail proves nothing. Every fault here is one that somebody could make.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from feature_parity import differing
from msgspec.structs import replace
from order_histories import DAY, many

from shopwright.features import checks, operators, record
from shopwright.features.definitions import CUSTOMER
from shopwright.features.evaluate import Orders, columns_of
from shopwright.features.feature import Aggregate, Derived
from shopwright.features.sql import point_in_time_sql
from shopwright.features.view import FeatureView

HISTORY = many(200)
PYTHON = {"record", "versions"}
EVERYWHERE = {"sql", *PYTHON}

SQL_FAULTS = {
    "an order at the instant counts": ("o.occurred_us < s.as_of_us", "o.occurred_us <= s.as_of_us"),
    "what becomes known at the instant counts": (
        "o.known_us < s.as_of_us",
        "o.known_us <= s.as_of_us",
    ),
    "a version ends an instant early": (
        "s.as_of_us <= o.known_until_us",
        "s.as_of_us < o.known_until_us",
    ),
    "known_until ignored": ("AND s.as_of_us <= o.known_until_us", ""),
    "known ignored": ("o.known_us < s.as_of_us AND", ""),
    "valid ignored": ("AND o.valid", ""),
    "store ignored": ("o.store_id = s.store_id", "TRUE"),
    "customers without orders lost": ("LEFT JOIN", "INNER JOIN"),
    "window a day too wide": ("604800000000", "691200000000"),
    "window a microsecond too narrow": (">= s.as_of_us - 7776", "> s.as_of_us - 7776"),
    "gross for net": ("ELSE 0 END) AS BIGINT) AS net_spend_90d", None),
    "no orders is null": ("THEN o.net_minor ELSE 0 END", "THEN o.net_minor END"),
    "sum not cast": ("CAST(SUM(CASE WHEN o.occurred_us IS NOT NULL THEN o.net_minor ELSE 0 END)"
                     " AS BIGINT)", "SUM(CASE WHEN o.occurred_us IS NOT NULL THEN o.net_minor"
                     " ELSE 0 END)"),
    "gaps divided by orders": ("(orders_total - 1)", "(orders_total)"),
    "one order has a gap": ("WHEN orders_total > 1", "WHEN orders_total > 0"),
    "a day of 86,401 seconds": ("CAST(86400000000 AS", "CAST(86401000000 AS"),
    "currency ignored": ("orders_total * minor_per_major", "orders_total * 100"),
    "refunds of net": ("CAST(gross_total AS DOUBLE)", "CAST(net_spend_total AS DOUBLE)"),
    "first and last swapped": ("CAST(as_of_us - last_us", "CAST(as_of_us - first_us"),
}  # fmt: skip
SQL_FAULTS["gross for net"] = (
    "o.occurred_us >= s.as_of_us - 7776000000000 THEN o.net_minor",
    "o.occurred_us >= s.as_of_us - 7776000000000 THEN o.gross_minor",
)


def test_without_a_fault_every_reading_agrees() -> None:
    assert differing(HISTORY) == set()


@pytest.mark.parametrize("fault", SQL_FAULTS)
def test_a_fault_in_the_sql_is_caught(fault: str) -> None:
    sql = point_in_time_sql(CUSTOMER)
    right, wrong = SQL_FAULTS[fault]
    assert right in sql
    assert differing(HISTORY, sql=sql.replace(right, wrong)) == {"sql"}


Row = tuple[Any, ...]
COUNTING_FAULTS: dict[str, Callable[[Row, int], bool]] = {
    "an order at the instant counts": lambda r, t: r[6] and r[1] < t <= r[2] and r[0] <= t,
    "what becomes known at the instant counts": (
        lambda r, t: r[6] and r[1] <= t <= r[2] and r[0] < t
    ),
    "a version ends an instant early": lambda r, t: r[6] and r[1] < t < r[2] and r[0] < t,
    "known_until ignored": lambda r, t: r[6] and r[1] < t and r[0] < t,
    "known ignored": lambda r, t: r[6] and t <= r[2] and r[0] < t,
    "valid ignored": lambda r, t: r[1] < t <= r[2] and r[0] < t,
    "the future counts": lambda r, t: r[6] and r[1] < t <= r[2],
}


@pytest.mark.parametrize("fault", COUNTING_FAULTS)
def test_a_fault_in_what_counts_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = COUNTING_FAULTS[fault]

    def counted(rows: Iterable[Row], as_of_us: int) -> Orders:
        return columns_of([row for row in rows if counts(row, as_of_us)])

    monkeypatch.setattr(record, "counted", counted)
    assert differing(HISTORY) == PYTHON


_divide = record._divide
PACKING_FAULTS: dict[str, Callable[[Any, int, int], Any]] = {
    "settled before the widest window ends": lambda v, f, w: _divide(v, f, w - DAY),
    "versions dropped that a question can see": lambda v, f, w: _divide(v, f + 1, w + 1),
    "settled orders forgotten": lambda v, f, w: ([], _divide(v, f, w)[1]),
    "invalid orders settled": lambda v, f, w: _divide(
        [replace(one, valid=True) for one in v], f, w
    ),
    "rows in the order of arrival": lambda v, f, w: (
        _divide(v, f, w)[0],
        sorted(_divide(v, f, w)[1], key=lambda row: row.known_us),
    ),
}


@pytest.mark.parametrize("fault", PACKING_FAULTS)
def test_a_fault_in_packing_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "_divide", PACKING_FAULTS[fault])
    assert differing(HISTORY) == {"record"}


@pytest.mark.parametrize("operator", ["sum", "count", "min", "max"])
def test_a_broken_merge_is_caught(operator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [
        replace(one, merge=lambda left, right: left) if one.name == operator else one
        for one in operators.MONOIDS
    ]
    monkeypatch.setattr(checks, "MONOIDS", broken)
    by_name = {one.name: one for one in broken}

    def rebuilt(one: Aggregate) -> Aggregate:
        return replace(one, operator=by_name[one.operator.name])

    view = _remade(rebuilt)
    # A merge only matters where part of a customer's history is settled.
    assert differing(HISTORY, view=view, sql=point_in_time_sql(CUSTOMER)) == {"record"}


DEFINITION_FAULTS: dict[str, Callable[[Aggregate], Aggregate]] = {
    "window a day too wide": lambda one: replace(one, days=31) if one.name == "orders_30d" else one,
    "gross for net": lambda one: (
        replace(one, column="gross_minor") if one.name == "net_spend_30d" else one
    ),
    "first for latest": lambda one: (
        replace(one, operator=operators.MIN) if one.name == "last_us" else one
    ),
}


@pytest.mark.parametrize("fault", DEFINITION_FAULTS)
def test_a_fault_in_a_definition_is_caught_everywhere(fault: str) -> None:
    assert differing(HISTORY, view=_remade(DEFINITION_FAULTS[fault])) == EVERYWHERE


def test_a_derived_feature_of_the_wrong_aggregates_is_caught_everywhere() -> None:
    swapped = tuple(
        replace(one, of=("refund_total", "net_spend_total"))
        if isinstance(one, Derived) and one.name == "refund_ratio_total"
        else one
        for one in CUSTOMER.features
    )
    assert differing(HISTORY, view=replace(CUSTOMER, features=swapped)) == EVERYWHERE


@pytest.mark.parametrize("off_us", [-1, 1, DAY])
def test_a_window_cut_at_the_wrong_instant_is_caught(off_us: int) -> None:
    view = replace(CUSTOMER)
    plan = CUSTOMER.plan
    view.__dict__["plan"] = plan._replace(widths_us=tuple(us + off_us for us in plan.widths_us))
    assert differing(HISTORY, view=view) == PYTHON


def test_a_ratio_of_exact_integers_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators, "_ratio", lambda part, whole: part / whole)
    assert differing(HISTORY) == PYTHON


def _remade(change: Callable[[Aggregate], Aggregate]) -> FeatureView:
    return replace(
        CUSTOMER,
        inputs=tuple(change(one) for one in CUSTOMER.inputs),
        features=tuple(
            change(one) if isinstance(one, Aggregate) else one for one in CUSTOMER.features
        ),
    )
