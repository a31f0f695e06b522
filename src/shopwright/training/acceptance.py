"""Decides whether a model may serve at all: it must earn its place beside the simple ways.

Refused unless PR-AUC is above counting orders and above recency, and refused when PR-AUC or Brier
score is worse than a baseline by more than chance: the whole 95 % interval of a paired bootstrap
over customers lies on the wrong side.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.training.baselines import LOGISTIC_REGRESSION, ORDER_COUNT, RECENCY
from shopwright.training.feature_rows import Floats
from shopwright.training.scores import Labels, average_precision, brier

BOOTSTRAPS = 1000
_BEATEN = (ORDER_COUNT, RECENCY)


class Verdict(NamedTuple):
    """What was decided, in one sentence, and the figures behind it."""

    accepted: bool
    reason: str
    figures: Mapping[str, float]


class Interval(NamedTuple):
    """A difference (model less baseline) and its 95 % interval."""

    difference: float
    low: float
    high: float


def judge(
    y: Labels, model: Floats, baselines: Mapping[str, Floats], generator: np.random.Generator
) -> Verdict:
    """Compare probabilities for the same customers, none of which took part in the fit."""
    precision = {name: average_precision(y, p) for name, p in baselines.items()}
    ours = average_precision(y, model)
    figures = {"rows": float(len(y)), "positives": float(y.sum()), "pr_auc": ours}
    figures["brier"] = brier(y, model)
    faults = []
    weights = _resamples(len(y), generator)
    for name, p in baselines.items():
        in_precision = _precision_difference(y, model, p, weights)
        in_brier = _brier_difference(y, model, p, weights)
        figures |= {f"{name}_pr_auc": precision[name], f"{name}_brier": brier(y, p)}
        figures |= _figures(f"{name}_pr_auc", in_precision)
        figures |= _figures(f"{name}_brier", in_brier)
        if name in _BEATEN and not ours > precision[name]:
            faults.append(f"PR-AUC {ours:.4f} does not beat {_said(name)} ({precision[name]:.4f})")
        elif in_precision.high < 0.0:
            faults.append(f"PR-AUC {ours:.4f} is below {_said(name)} {_range(in_precision)}")
        if in_brier.low > 0.0:
            faults.append(
                f"Brier score {figures['brier']:.4f} is worse than {_said(name)} {_range(in_brier)}"
            )
    return Verdict(not faults, _sentence(figures, faults), figures)


def _resamples(rows: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return how often each row is drawn in each bootstrap."""
    share = np.full(rows, 1.0 / rows)
    return generator.multinomial(rows, share, size=BOOTSTRAPS).astype(np.int64)


def _precision_difference(
    y: Labels, model: Floats, baseline: Floats, weights: NDArray[np.int64]
) -> Interval:
    drawn = _weighted_precision(y, model, weights) - _weighted_precision(y, baseline, weights)
    return _interval(average_precision(y, model) - average_precision(y, baseline), drawn)


def _brier_difference(
    y: Labels, model: Floats, baseline: Floats, weights: NDArray[np.int64]
) -> Interval:
    gap = (model - y) ** 2 - (baseline - y) ** 2
    return _interval(float(gap.mean()), weights @ gap / len(y))


def _weighted_precision(y: Labels, score: Floats, weights: NDArray[np.int64]) -> Floats:
    """Return the average precision of every resample; a resample without positives gives 0."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    values = np.empty(len(weights))
    for index, weight in enumerate(weights):
        drawn = weight[order]
        true = np.cumsum(drawn * y[order])[ends].astype(np.float64)
        called = np.maximum(np.cumsum(drawn)[ends], 1)
        values[index] = np.sum(np.diff(true, prepend=0.0) * true / called) / max(true[-1], 1.0)
    return values


def _interval(difference: float, drawn: Floats) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(difference, float(low), float(high))


def _figures(name: str, interval: Interval) -> dict[str, float]:
    return {
        f"{name}_difference": interval.difference,
        f"{name}_difference_low": interval.low,
        f"{name}_difference_high": interval.high,
    }


def _said(name: str) -> str:
    return name.replace("_", " ")


def _range(interval: Interval) -> str:
    return (
        f"by {interval.difference:+.4f} (95 % interval {interval.low:+.4f} to {interval.high:+.4f})"
    )


def _sentence(figures: Mapping[str, float], faults: list[str]) -> str:
    rows = f"on {int(figures['rows'])} customers of the latest snapshot"
    if faults:
        return f"Refused {rows}: {'; '.join(faults)}."
    compared = ", ".join(
        f"{_said(name)} {figures[f'{name}_pr_auc']:.4f}"
        for name in (*_BEATEN, LOGISTIC_REGRESSION)
        if f"{name}_pr_auc" in figures
    )
    return (
        f"Accepted {rows}: PR-AUC {figures['pr_auc']:.4f} (against {compared}), "
        f"Brier score {figures['brier']:.4f}."
    )
