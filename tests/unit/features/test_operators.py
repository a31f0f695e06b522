"""The algebra under the features: monoids keep their laws, rules know when they do not know."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.features.operators import (
    DAYS_SINCE,
    HALVED_BY_AGE,
    MEAN_GAP_DAYS,
    MONOIDS,
    PACE,
    RATIO,
    RATIO_IN_MAJOR_UNITS,
    Monoid,
    Rule,
    State,
)

DAY = 86_400_000_000
values = st.lists(st.integers(-(10**12), 10**12), max_size=8)
each_monoid = pytest.mark.parametrize("monoid", MONOIDS, ids=lambda one: one.name)


def _merged(monoid: Monoid, listed: list[int]) -> State:
    return reduce(monoid.merge, [monoid.lift(value) for value in listed], monoid.zero)


@each_monoid
@given(left=values, middle=values, right=values)
def test_merge_is_associative_commutative_and_neutral_to_zero(
    monoid: Monoid, left: list[int], middle: list[int], right: list[int]
) -> None:
    a, b, c = (_merged(monoid, listed) for listed in (left, middle, right))
    merge = monoid.merge
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, b) == merge(b, a)
    assert merge(a, monoid.zero) == merge(monoid.zero, a) == a


@each_monoid
@given(listed=values)
def test_fold_is_merge_over_lift_for_lists_and_arrays(monoid: Monoid, listed: list[int]) -> None:
    folded = monoid.fold(listed)
    from_array = monoid.fold(np.array(listed, dtype=np.int64))
    assert folded == from_array == _merged(monoid, listed)
    assert type(folded) is type(from_array)


@each_monoid
@given(left=values, right=values)
def test_a_history_may_be_folded_in_parts(
    monoid: Monoid, left: list[int], right: list[int]
) -> None:
    parts = monoid.merge(monoid.fold(left), monoid.fold(right))
    assert monoid.value(parts) == monoid.value(monoid.fold(left + right))


def test_what_each_monoid_answers() -> None:
    listed = [5, -3, 5]
    assert {one.name: one.value(one.fold(listed)) for one in MONOIDS} == {
        "count": 3,
        "count_positive": 2,
        "sum": 7,
        "min": -3,
        "max": 5,
    }
    assert {one.name: one.value(one.fold([])) for one in MONOIDS} == {
        "count": 0,
        "count_positive": 0,
        "sum": 0,
        "min": None,
        "max": None,
    }


@pytest.mark.parametrize(
    ("rule", "inputs", "expected"),
    [
        (DAYS_SINCE, [DAY], 1.5),
        (DAYS_SINCE, [None], None),
        (MEAN_GAP_DAYS, [0, 3 * DAY, 3], 1.5),
        (MEAN_GAP_DAYS, [DAY, DAY, 2], 0.0),
        (MEAN_GAP_DAYS, [DAY, DAY, 1], None),
        (MEAN_GAP_DAYS, [None, None, 0], None),
        (PACE, [0, 2 * DAY, 3], 0.5),
        (PACE, [DAY, DAY, 2], None),
        (PACE, [DAY, DAY, 1], None),
        (PACE, [None, None, 0], None),
        (HALVED_BY_AGE, [1, 1, 1, 1, 1], 1.0),
        (HALVED_BY_AGE, [0, 1, 1, 1, 1], 0.5),
        (HALVED_BY_AGE, [0, 0, 1, 1, 1], 0.25),
        (HALVED_BY_AGE, [0, 0, 0, 1, 1], 0.125),
        (HALVED_BY_AGE, [0, 0, 0, 0, 1], 0.0625),
        (HALVED_BY_AGE, [2, 3, 3, 3, 5], 2.625),
        (HALVED_BY_AGE, [0, 0, 0, 0, 0], 0.0),
        (RATIO, [1, 4], 0.25),
        (RATIO, [0, 4], 0.0),
        (RATIO, [0, 0], None),
        (RATIO_IN_MAJOR_UNITS, [1_001, 2], 5.005),
        (RATIO_IN_MAJOR_UNITS, [0, 2], 0.0),
        (RATIO_IN_MAJOR_UNITS, [0, 0], None),
    ],
)
def test_a_rule_answers_a_double_or_that_it_is_not_known(
    rule: Rule, inputs: list[State], expected: float | None
) -> None:
    answer = rule.value(inputs, 5 * DAY // 2, 100)
    assert answer == expected
    assert type(answer) is type(expected)


def test_a_ratio_divides_two_doubles_as_the_engines_do() -> None:
    part, whole = 9_007_199_254_740_993, 3
    assert RATIO.value([part, whole], 0, 1) == float(part) / float(whole)
    assert float(part) / float(whole) != part / whole
