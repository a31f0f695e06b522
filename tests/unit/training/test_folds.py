"""Folds belong to customers, not to rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopwright.training.folds import folds_of

ENTITIES = st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=60)


@given(ENTITIES, st.integers(2, 9), st.integers(0, 2**63))
def test_a_customer_is_in_one_fold_whoever_else_is_there(
    entities: list[bytes], folds: int, seed: int
) -> None:
    alone = [int(folds_of([entity], folds, seed)[0]) for entity in entities]
    assert folds_of(entities, folds, seed).tolist() == alone
    assert folds_of(entities[::-1] * 2, folds, seed).tolist() == alone[::-1] * 2
    assert all(0 <= fold < folds for fold in alone)


def test_folds_are_even_and_another_seed_deals_anew() -> None:
    entities = [number.to_bytes(16, "big") for number in range(10_000)]
    first, second = folds_of(entities, 5, 1), folds_of(entities, 5, 2)
    # Five standard deviations of a fair deal are 200.
    assert (np.abs(np.bincount(first, minlength=5) - 2_000) < 200).all()
    assert abs((first == second).mean() - 0.2) < 0.03


def test_the_deal_is_the_same_in_every_release() -> None:
    entities = [number.to_bytes(16, "big") for number in range(12)]
    assert folds_of(entities, 5, 7).tolist() == [0, 4, 3, 2, 3, 2, 2, 4, 1, 2, 1, 0]
