"""Newton's method ends at the minimum, and never with anything but finite weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.training.logistic import fit_logistic, sigmoid


@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from([0.1, 1.0, 30.0]))
def test_no_step_in_any_direction_is_better(seed: int, width: int, ridge: float) -> None:
    chance = np.random.default_rng(seed)
    design = chance.normal(size=(80, width))
    targets = (chance.random(80) < sigmoid(design @ chance.normal(size=width) * 3)).astype(float)
    weights = fit_logistic(design, targets, ridge)
    columns = np.column_stack([np.ones(80), design])
    slope = columns.T @ (sigmoid(columns @ weights) - targets)
    slope[1:] += ridge * weights[1:]
    assert np.abs(slope).max() < 1e-3


@pytest.mark.parametrize("targets", [np.zeros(30), np.ones(30), np.arange(30) >= 15])
def test_outcomes_that_are_certain_give_finite_weights(targets: np.ndarray) -> None:
    design = np.arange(30.0)[:, None] * 1e3
    weights = fit_logistic(design, targets.astype(float), ridge=0.0)
    assert np.isfinite(weights).all()
    assert np.abs(sigmoid(weights[0] + design @ weights[1:]) - targets).max() < 0.01


def test_a_column_of_zeros_and_a_twin_column_do_no_harm() -> None:
    chance = np.random.default_rng(1)
    useful = chance.normal(size=200)
    targets = (useful + chance.normal(size=200) > 0).astype(float)
    weights = fit_logistic(np.column_stack([useful, useful, np.zeros(200)]), targets, 1.0)
    assert weights[1] == pytest.approx(weights[2])
    assert weights[3] == 0.0


def test_sigmoid_never_overflows() -> None:
    assert sigmoid(np.array([-1e6, -800.0, 0.0, 800.0, 1e6])).tolist() == [0, 0, 0.5, 1, 1]
