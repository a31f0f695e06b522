"""The histogram of the training rows counts every row once, specials apart."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.training.profile import (
    count_bins,
    decode_profile,
    encode_profile,
    profile,
    profile_column,
)

VALUES = st.lists(
    st.one_of(st.just(np.nan), st.sampled_from([0.0, 1.0, 7.0]), st.floats(-1e6, 1e6)),
    min_size=1,
    max_size=150,
)


@given(VALUES)
def test_every_row_is_in_exactly_one_bin(values: list[float]) -> None:
    column = profile_column("a", np.array(values))
    known = [value for value in values if not np.isnan(value)]
    assert sum(column.counts) == column.rows == len(values)
    assert column.counts[0] == len(values) - len(known)
    for place, special in enumerate(column.specials):
        assert column.counts[1 + place] == known.count(special)
    rest = [value for value in known if value not in column.specials]
    edges = [-np.inf, *column.edges, np.inf]
    expected = [sum(low <= value < high for value in rest) for low, high in pairwise(edges)]
    assert column.counts[1 + len(column.specials) :] == expected
    assert column.specials[0] == 0.0
    assert len(column.specials) <= 3
    assert column.median == (pytest.approx(np.median(known)) if known else None)


def test_deciles_of_the_rest_hold_a_tenth_each() -> None:
    values = np.concatenate([np.zeros(500), np.full(400, 3.0), np.arange(1, 601) + 0.5])
    column = profile_column("a", values)
    assert column.specials == [0.0, 3.0]
    assert column.counts == [0, 500, 400, *[60] * 10]


def test_few_ordinary_values_make_one_bin() -> None:
    column = profile_column("a", np.concatenate([np.zeros(300), np.arange(1, 50.0)]))
    assert (column.edges, column.counts) == ([], [0, 300, 49])


def test_later_traffic_is_counted_into_the_same_bins() -> None:
    column = profile_column("a", np.arange(1, 1001.0))
    stuck = count_bins(column.specials, column.edges, np.zeros(200))
    assert stuck.tolist() == [0, 200, *[0] * 10]
    beyond = count_bins(column.specials, column.edges, np.array([-5.0, 1e12, np.nan]))
    assert beyond.tolist() == [1, 0, 1, *[0] * 8, 1]


def test_a_profile_comes_back_from_json() -> None:
    chance = np.random.default_rng(0)
    x = chance.normal(size=(400, 2)) / 3.0
    x[::3, 1] = np.nan
    made = profile(["a", "b"], x, chance.random(400))
    assert decode_profile(encode_profile(made)) == made
    assert [column.name for column in made.features] == ["a", "b"]
    assert made.score.rows == 400
