"""The closed set of operators: each says once what it computes, in Python and in portable SQL.

A monoid folds the orders of a window, in any order and in any parts, so late and shuffled events
need no special case. A rule turns folded values into one number. A definition may name nothing
else: free SQL or free Python in it would be a second place where a feature lives.

Portable means that DuckDB and Spark read the same text and answer the same bits: every count and
sum is cast to BIGINT, every ratio is one division of two doubles.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from shopwright.core.clock import US_PER_DAY

State = int | None
"""What a monoid holds; None only where least and greatest have seen nothing."""

Integers = Sequence[int] | np.ndarray[Any, np.dtype[np.int64]]


class Monoid(Struct, frozen=True, kw_only=True):
    """A way to fold many orders into one state.

    ``merge`` is associative and commutative with ``zero`` as its neutral element, and ``fold`` is
    ``merge`` over ``lift`` of each value: tests/unit/features/test_operators.py holds it to that.
    """

    name: str
    zero: State
    lift: Callable[[int], int]
    merge: Callable[[State, State], State]
    value: Callable[[State], State]
    fold: Callable[[Integers], State]
    """The fast way over a list or an int64 array."""
    sql: Callable[[str, str], str]
    """(column, condition) to the expression that aggregates rows of a left join."""
    empty: str
    """What it answers where there is nothing to fold, for the catalogue."""


class Rule(Struct, frozen=True, kw_only=True):
    """A way to make one number of folded values, the instant asked about and the currency."""

    name: str
    inputs: int
    value: Callable[[Sequence[State], int, int], float | None]
    """(values, as_of_us, minor_per_major) to the number; None is "not known"."""
    sql: Callable[[Sequence[str]], str]
    """Names of the input columns to an expression that may also name ``as_of_us`` and
    ``minor_per_major``."""
    empty: str


def _one(_value: int) -> int:
    return 1


def _same(value: int) -> int:
    return value


def itself(state: State) -> State:
    """Return the state: the value of every monoid so far."""
    return state


def _added(left: State, right: State) -> State:
    return (left or 0) + (right or 0)


def _lesser(left: State, right: State) -> State:
    if left is None or right is None:
        return right if left is None else left
    return min(left, right)


def _greater(left: State, right: State) -> State:
    if left is None or right is None:
        return right if left is None else left
    return max(left, right)


def _total(values: Integers) -> State:
    return int(values.sum()) if isinstance(values, np.ndarray) else sum(values)


def _least(values: Integers) -> State:
    if not len(values):
        return None
    return int(values.min()) if isinstance(values, np.ndarray) else min(values)


def _greatest(values: Integers) -> State:
    if not len(values):
        return None
    return int(values.max()) if isinstance(values, np.ndarray) else max(values)


def _positive(value: int) -> int:
    return int(value > 0)


def _positives(values: Integers) -> State:
    if isinstance(values, np.ndarray):
        return int((values > 0).sum())
    return sum(value > 0 for value in values)


def _sql_count(column: str, condition: str) -> str:
    return f"CAST(COUNT({column}) FILTER (WHERE {condition}) AS BIGINT)"


def _sql_count_positive(column: str, condition: str) -> str:
    return f"CAST(COUNT({column}) FILTER (WHERE {condition} AND {column} > 0) AS BIGINT)"


def _sql_sum(column: str, condition: str) -> str:
    # A sum over no rows is null in SQL; CASE keeps it zero without one more function.
    return f"CAST(SUM(CASE WHEN {condition} THEN {column} ELSE 0 END) AS BIGINT)"


def _sql_min(column: str, condition: str) -> str:
    return f"CAST(MIN({column}) FILTER (WHERE {condition}) AS BIGINT)"


def _sql_max(column: str, condition: str) -> str:
    return f"CAST(MAX({column}) FILTER (WHERE {condition}) AS BIGINT)"


COUNT = Monoid(
    name="count",
    zero=0,
    lift=_one,
    merge=_added,
    value=itself,
    fold=len,
    sql=_sql_count,
    empty="0",
)
COUNT_POSITIVE = Monoid(
    name="count_positive",
    zero=0,
    lift=_positive,
    merge=_added,
    value=itself,
    fold=_positives,
    sql=_sql_count_positive,
    empty="0",
)
SUM = Monoid(
    name="sum",
    zero=0,
    lift=_same,
    merge=_added,
    value=itself,
    fold=_total,
    sql=_sql_sum,
    empty="0",
)
MIN = Monoid(
    name="min",
    zero=None,
    lift=_same,
    merge=_lesser,
    value=itself,
    fold=_least,
    sql=_sql_min,
    empty="null",
)
MAX = Monoid(
    name="max",
    zero=None,
    lift=_same,
    merge=_greater,
    value=itself,
    fold=_greatest,
    sql=_sql_max,
    empty="null",
)


def _days_since(values: Sequence[State], as_of_us: int, _minor_per_major: int) -> float | None:
    (instant_us,) = values
    return None if instant_us is None else _ratio(as_of_us - instant_us, US_PER_DAY)


def _mean_gap_days(values: Sequence[State], _as_of_us: int, _minor_per_major: int) -> float | None:
    first_us, last_us, times = values
    if first_us is None or last_us is None or times is None or times < 2:
        return None
    return _ratio(last_us - first_us, US_PER_DAY * (times - 1))


def _share(values: Sequence[State], _as_of_us: int, _minor_per_major: int) -> float | None:
    part, whole = values
    return None if part is None or not whole or whole < 0 else _ratio(part, whole)


def _major_each(values: Sequence[State], _as_of_us: int, minor_per_major: int) -> float | None:
    minor, times = values
    return None if minor is None or not times else _ratio(minor, times * minor_per_major)


def _pace(values: Sequence[State], as_of_us: int, _minor_per_major: int) -> float | None:
    first_us, last_us, times = values
    if first_us is None or last_us is None or times is None or times < 2 or last_us <= first_us:
        return None
    # Doubles before they are multiplied: the product of the integers may not fit 64 bits.
    return float(as_of_us - last_us) * float(times - 1) / float(last_us - first_us)


def _halved_by_age(values: Sequence[State], _as_of_us: int, _minor_per_major: int) -> float | None:
    newest, two, three, four, all_of_them = (value or 0 for value in values)
    return _ratio(8 * newest + 4 * two + 2 * three + four + all_of_them, 16)


def _ratio(part: int, whole: int) -> float:
    # Not part / whole: Python divides integers exactly, the engines divide two doubles.
    return float(part) / float(whole)


def _sql_ratio(part: str, whole: str) -> str:
    return f"CAST({part} AS DOUBLE) / CAST({whole} AS DOUBLE)"


def _sql_days_since(columns: Sequence[str]) -> str:
    (instant,) = columns
    return _sql_ratio(f"as_of_us - {instant}", str(US_PER_DAY))


def _sql_mean_gap_days(columns: Sequence[str]) -> str:
    first, last, times = columns
    ratio = _sql_ratio(f"{last} - {first}", f"{US_PER_DAY} * ({times} - 1)")
    return f"CASE WHEN {times} > 1 THEN {ratio} END"


def _sql_share(columns: Sequence[str]) -> str:
    part, whole = columns
    return f"CASE WHEN {whole} > 0 THEN {_sql_ratio(part, whole)} END"


def _sql_major_each(columns: Sequence[str]) -> str:
    minor, times = columns
    return f"CASE WHEN {times} > 0 THEN {_sql_ratio(minor, f'{times} * minor_per_major')} END"


def _sql_pace(columns: Sequence[str]) -> str:
    first, last, times = columns
    waited, gaps = f"CAST(as_of_us - {last} AS DOUBLE)", f"CAST({times} - 1 AS DOUBLE)"
    whole = f"CAST({last} - {first} AS DOUBLE)"
    return f"CASE WHEN {times} > 1 AND {last} > {first} THEN {waited} * {gaps} / {whole} END"


def _sql_halved_by_age(columns: Sequence[str]) -> str:
    newest, two, three, four, all_of_them = columns
    weighed = f"8 * {newest} + 4 * {two} + 2 * {three} + {four} + {all_of_them}"
    return _sql_ratio(weighed, "16")


DAYS_SINCE = Rule(
    name="days_since",
    inputs=1,
    value=_days_since,
    sql=_sql_days_since,
    empty="null without a valid order",
)
MEAN_GAP_DAYS = Rule(
    name="mean_gap_days",
    inputs=3,
    value=_mean_gap_days,
    sql=_sql_mean_gap_days,
    empty="null below two valid orders",
)
RATIO = Rule(
    name="ratio",
    inputs=2,
    value=_share,
    sql=_sql_share,
    empty="null where the divisor is 0",
)
RATIO_IN_MAJOR_UNITS = Rule(
    name="ratio_in_major_units",
    inputs=2,
    value=_major_each,
    sql=_sql_major_each,
    empty="null without a valid order",
)

PACE = Rule(
    name="pace",
    inputs=3,
    value=_pace,
    sql=_sql_pace,
    empty="null below two valid orders, and where all came at one instant",
)
"""(first, last, count): the wait since the last one, in units of the mean gap. Two doubles are
multiplied before the one division: each step is rounded as IEEE 754 says, in every engine alike."""
HALVED_BY_AGE = Rule(
    name="halved_by_age",
    inputs=5,
    value=_halved_by_age,
    sql=_sql_halved_by_age,
    empty="0",
)
"""(counts of one, two, three and four spans, count of all): each counts 1 in the newest span, half
of that in the one before, and so on, and 1/16 when it is older than four. Weights are sixteenths,
so that the sum is one of integers: a sum of exponentials depends on its order in the last bit."""

MONOIDS = (COUNT, COUNT_POSITIVE, SUM, MIN, MAX)
RULES = (DAYS_SINCE, MEAN_GAP_DAYS, PACE, HALVED_BY_AGE, RATIO, RATIO_IN_MAJOR_UNITS)
