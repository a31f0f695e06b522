"""Every score against the definition, computed the slow way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.errors import BadInput
from shopwright.training.scores import (
    all_scores,
    average_precision,
    brier,
    curve,
    ece,
    log_loss,
    roc_auc,
)

# Few distinct scores, so that ties are the rule.
ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])),
    min_size=2,
    max_size=40,
).filter(lambda rows: 0 < sum(y for y, _ in rows) < len(rows))


def _arrays(rows: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([y for y, _ in rows]), np.array([p for _, p in rows])


@given(ROWS)
def test_roc_auc_is_the_share_of_pairs_won(rows: list[tuple[int, float]]) -> None:
    won = [
        1.0 if p > n else 0.5 if p == n else 0.0
        for yp, p in rows
        if yp == 1
        for yn, n in rows
        if yn == 0
    ]
    assert roc_auc(*_arrays(rows)) == pytest.approx(sum(won) / len(won), abs=1e-12)


@given(ROWS)
def test_average_precision_is_the_step_sum_over_distinct_scores(
    rows: list[tuple[int, float]],
) -> None:
    total, before, expected = sum(y for y, _ in rows), 0.0, 0.0
    for threshold in sorted({p for _, p in rows}, reverse=True):
        called = [y for y, p in rows if p >= threshold]
        recall = sum(called) / total
        expected += (recall - before) * sum(called) / len(called)
        before = recall
    assert average_precision(*_arrays(rows)) == pytest.approx(expected, abs=1e-12)


@given(ROWS)
def test_log_loss_and_brier_are_means_over_rows(rows: list[tuple[int, float]]) -> None:
    y, p = _arrays(rows)
    cut = [min(max(score, 1e-15), 1 - 1e-15) for score in p]
    losses = [-math.log(q if label else 1.0 - q) for label, q in zip(y, cut, strict=True)]
    # 1 - 1e-15 is not exact in doubles, so certain mistakes agree to a part in a thousand.
    assert log_loss(y, p) == pytest.approx(sum(losses) / len(rows), rel=2e-3)
    assert brier(y, p) == pytest.approx(sum((a - b) ** 2 for a, b in rows) / len(rows))


@given(ROWS, st.integers(1, 12))
def test_ece_is_the_mean_gap_of_equal_bins(rows: list[tuple[int, float]], bins: int) -> None:
    ordered = sorted(range(len(rows)), key=lambda i: (rows[i][1], i))
    long, short = len(rows) % bins, len(rows) // bins
    gap, start = 0.0, 0
    for number in range(bins):
        part = ordered[start : start + short + (number < long)]
        start += len(part)
        gap += abs(sum(rows[i][0] - rows[i][1] for i in part))
    assert ece(*_arrays(rows), bins=bins) == pytest.approx(gap / len(rows), abs=1e-12)


@given(ROWS)
def test_the_curve_ends_with_everything_called_positive(rows: list[tuple[int, float]]) -> None:
    y, p = _arrays(rows)
    points = curve(y, p)
    assert points.recall[-1] == 1.0
    assert points.precision[-1] == pytest.approx(y.mean())
    assert (np.diff(points.recall) >= 0).all()
    assert (np.diff(points.thresholds) < 0).all()


@given(ROWS)
def test_ranking_scores_ignore_any_rising_transformation(rows: list[tuple[int, float]]) -> None:
    y, p = _arrays(rows)
    assert roc_auc(y, np.exp(3 * p)) == roc_auc(y, p)
    assert average_precision(y, p**3 + 2) == average_precision(y, p)


def test_a_known_case() -> None:
    y, p = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1])
    assert all_scores(y, p) == {
        "roc_auc": 0.75,
        "pr_auc": pytest.approx(0.5 + 0.5 * 2 / 3),
        "log_loss": pytest.approx(-np.mean(np.log([0.9, 0.2, 0.7, 0.9]))),
        "brier": pytest.approx((0.01 + 0.64 + 0.09 + 0.01) / 4),
        "ece": pytest.approx((0.1 + 0.8 + 0.3 + 0.1) / 4),
    }


@pytest.mark.parametrize(
    ("y", "p", "says"),
    [
        ([], [], "0 outcomes"),
        ([1, 0], [0.5], "2 outcomes and 1 scores"),
        ([1, 0], [0.5, math.nan], "1 of 2 scores are not numbers"),
        ([1, 1], [0.5, 0.6], "2 of 2 outcomes"),
        ([0, 0], [0.5, 0.6], "0 of 2 outcomes"),
    ],
)
def test_what_is_not_defined_is_an_error(y: list[int], p: list[float], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        roc_auc(np.array(y, np.int64), np.array(p))
