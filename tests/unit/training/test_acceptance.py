"""A model earns its place, or is refused with the figures that say why."""

import numpy as np
import pytest

from shopwright.training.acceptance import _resamples, _weighted_precision, judge
from shopwright.training.logistic import sigmoid
from shopwright.training.scores import average_precision, brier

ROWS = 1500
CHANCE = np.random.default_rng(4)
TRUTH = CHANCE.normal(-1.2, 1.6, ROWS)
Y = (CHANCE.random(ROWS) < sigmoid(TRUTH)).astype(np.int64)
NOISE = CHANCE.normal(size=ROWS)
OTHER_NOISE = CHANCE.normal(size=ROWS)


def _p(noise: float, kind: np.ndarray = NOISE) -> np.ndarray:
    """Return probabilities that know the truth the less, the more noise there is."""
    return sigmoid(TRUTH / (1 + noise**2) + noise * kind - noise * 0.4)


def _judged(model: np.ndarray, count: float, recency: float, regression: np.ndarray):  # type: ignore[no-untyped-def]
    baselines = {
        "order_count": _p(count),
        "recency": _p(recency),
        "logistic_regression": regression,
    }
    return judge(Y, model, baselines, np.random.default_rng(0))


def test_a_better_model_is_accepted_with_its_figures() -> None:
    verdict = _judged(_p(0.0), 0.9, 1.5, _p(0.4))
    assert verdict.accepted
    assert verdict.figures["pr_auc"] == average_precision(Y, _p(0.0))
    assert verdict.figures["brier"] == brier(Y, _p(0.0))
    difference = verdict.figures["order_count_pr_auc_difference"]
    assert difference == pytest.approx(
        verdict.figures["pr_auc"] - average_precision(Y, _p(0.9)), abs=1e-12
    )
    assert verdict.figures["order_count_pr_auc_difference_low"] > 0
    assert verdict.reason.startswith("Accepted on 1500 customers of the latest snapshot: PR-AUC 0.")
    assert verdict.reason.endswith(".")


@pytest.mark.parametrize(
    ("noises", "named"), [((0.0, 1.5), "order count"), ((1.5, 0.0), "recency")]
)
def test_a_simple_count_that_ranks_as_well_refuses_it(
    noises: tuple[float, float], named: str
) -> None:
    verdict = _judged(_p(0.0), *noises, _p(0.4))
    assert not verdict.accepted
    assert f"does not beat {named}" in verdict.reason


def test_logistic_regression_may_be_a_little_better_by_chance() -> None:
    model, better = _p(0.42), _p(0.40, OTHER_NOISE)
    assert average_precision(Y, better) > average_precision(Y, model)
    verdict = _judged(model, 0.9, 1.5, better)
    assert verdict.figures["logistic_regression_pr_auc_difference"] < 0
    assert verdict.accepted


def test_a_clearly_better_logistic_regression_refuses_it() -> None:
    verdict = _judged(_p(0.6), 1.2, 1.5, _p(0.0))
    assert not verdict.accepted
    assert "below logistic regression by -0." in verdict.reason
    assert "95 % interval" in verdict.reason


def test_probabilities_that_are_badly_off_are_refused_although_they_rank_best() -> None:
    verdict = _judged(_p(0.0) ** 3, 0.9, 1.5, _p(0.1))
    assert verdict.figures["pr_auc"] > verdict.figures["logistic_regression_pr_auc"]
    assert not verdict.accepted
    assert "Brier score" in verdict.reason


def test_the_same_generator_gives_the_same_figures() -> None:
    assert _judged(_p(0.1), 0.9, 1.5, _p(0.2)) == _judged(_p(0.1), 0.9, 1.5, _p(0.2))


def test_the_fast_precision_of_a_resample_equals_the_slow_one() -> None:
    y, score = Y[:60], np.round(_p(0.3)[:60], 1)
    weights = _resamples(60, np.random.default_rng(1))[:25]
    slow = [average_precision(np.repeat(y, w), np.repeat(score, w)) for w in weights]
    np.testing.assert_allclose(_weighted_precision(y, score, weights), slow, rtol=1e-12)
    assert (weights.sum(axis=1) == 60).all()


def test_equal_models_differ_by_nothing() -> None:
    verdict = _judged(_p(0.1), 0.9, 1.5, _p(0.1))
    figures = verdict.figures
    for score in ("pr_auc", "brier"):
        for end in ("", "_low", "_high"):
            assert figures[f"logistic_regression_{score}_difference{end}"] == 0.0
