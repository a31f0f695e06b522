"""Calibration believes the outcomes and never changes the order of customers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.errors import Refused
from shopwright.training.calibration import Calibration, fit_calibration, probabilities
from shopwright.training.logistic import sigmoid


@given(
    st.integers(0, 10_000), st.floats(0.3, 3.0), st.floats(-2.0, 2.0), st.sampled_from([500, 4000])
)
def test_a_distorted_margin_is_straightened(
    seed: int, slope: float, intercept: float, rows: int
) -> None:
    chance = np.random.default_rng(seed)
    truth = chance.normal(-1.0, 1.5, rows)
    y = (chance.random(rows) < sigmoid(truth)).astype(np.int64)
    margins = ((truth - intercept) / slope).astype(np.float32)
    fitted = fit_calibration(margins, y)
    assert fitted.slope > 0
    # The error of a logistic slope and intercept falls with the square root of the rows.
    tolerance = 12.0 / np.sqrt(rows)
    assert fitted.slope == pytest.approx(slope, abs=tolerance * slope)
    gap = probabilities(margins, fitted) - sigmoid(truth)
    assert np.abs(gap).mean() < tolerance


@given(st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=30, unique=True))
def test_a_higher_margin_never_gets_a_lower_probability(margins: list[float]) -> None:
    p = probabilities(np.array(sorted(margins), np.float32), Calibration(0.7, -0.3))
    assert (np.diff(p) >= 0).all()
    assert ((p >= 0) & (p <= 1)).all()


def test_separated_outcomes_do_not_become_certain() -> None:
    margins = np.linspace(-3, 3, 40)
    y = (margins > 0).astype(np.int64)
    p = probabilities(margins, fit_calibration(margins, y))
    assert 0 < p.min() < 0.05
    assert 0.95 < p.max() < 1


def test_scores_that_fall_with_the_orders_are_refused() -> None:
    margins = np.linspace(-1, 1, 100)
    with pytest.raises(Refused, match=r"slope -\d.* on 100 rows"):
        fit_calibration(margins, (margins < 0.2).astype(np.int64))


def test_constant_margins_are_refused() -> None:
    with pytest.raises(Refused, match="do not rise"):
        fit_calibration(np.full(50, 0.25, np.float32), np.arange(50) % 2)


@pytest.mark.parametrize(("label", "positives"), [(0, 0), (1, 30)])
def test_one_outcome_only_is_refused(label: int, positives: int) -> None:
    with pytest.raises(Refused, match=f"of 30 rows {positives} are positive"):
        fit_calibration(np.arange(30.0), np.full(30, label))
