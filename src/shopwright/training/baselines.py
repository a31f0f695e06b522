"""The simple ways to predict an order, which a model must beat to be worth its keep.

Each is a logistic regression, so that each gives probabilities and every score can be compared:
``order_count`` on the number of orders alone, ``recency`` on the days since the latest order alone,
``logistic_regression`` on all features. A column becomes sign(x) × log(1 + |x|), a missing value
the column's median with a flag column beside it, and every column is standardised; the penalty is
1 / 2 × |weights|² as is usual. All of that is learned from the training rows only.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.core.errors import BadInput
from shopwright.training.feature_rows import Floats
from shopwright.training.logistic import fit_logistic, sigmoid
from shopwright.training.tasks import Task
from shopwright.training.training_set import TrainingSet

ORDER_COUNT = "order_count"
RECENCY = "recency"
LOGISTIC_REGRESSION = "logistic_regression"
_RIDGE = 1.0


class Baseline(NamedTuple):
    """A fitted logistic regression on some columns."""

    columns: tuple[int, ...]
    medians: Floats
    flagged: NDArray[np.bool_]
    """Columns that had missing values in training, each with a flag column."""
    centre: Floats
    scale: Floats
    weights: Floats

    def predict(self, x: Floats) -> Floats:
        """Return the probability of a positive for each row of the full feature matrix."""
        design = _design(x[:, self.columns], self.medians, self.flagged)
        scaled = (design - self.centre) / self.scale
        return sigmoid(self.weights[0] + scaled @ self.weights[1:])


def fit_baselines(history: TrainingSet, task: Task) -> Mapping[str, Baseline]:
    """Fit every baseline of the task, by name."""
    everything = range(len(history.names))
    chosen: Mapping[str, Sequence[int]] = {
        ORDER_COUNT: [_column(history, task.order_count_feature)],
        RECENCY: [_column(history, task.recency_feature)],
        LOGISTIC_REGRESSION: everything,
    }
    return {name: _fit(history, tuple(columns)) for name, columns in chosen.items()}


def _fit(history: TrainingSet, columns: tuple[int, ...]) -> Baseline:
    x = history.x[:, columns]
    missing = np.isnan(x)
    medians = np.array([_median(_signed_log(column)) for column in x.T])
    flagged = np.array([0 < count < len(x) for count in missing.sum(axis=0)], np.bool_)
    design = _design(x, medians, flagged)
    centre, scale = design.mean(axis=0), design.std(axis=0)
    # A constant column says nothing: its distance from the centre stays 0 whatever the scale.
    scale = np.where(scale > 0.0, scale, 1.0)
    weights = fit_logistic((design - centre) / scale, history.y.astype(np.float64), _RIDGE)
    return Baseline(columns, medians, flagged, centre, scale, weights)


def _design(x: Floats, medians: Floats, flagged: NDArray[np.bool_]) -> Floats:
    missing = np.isnan(x)
    filled = np.where(missing, medians, _signed_log(x))
    return np.concatenate([filled, missing[:, flagged].astype(np.float64)], axis=1)


def _median(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0


def _signed_log(x: Floats) -> Floats:
    return np.sign(x) * np.log1p(np.abs(x))


def _column(history: TrainingSet, name: str) -> int:
    if name not in history.names:
        raise BadInput(
            f"the task compares with a baseline on {name!r}, which is not among the features "
            f"{', '.join(history.names)}"
        )
    return history.names.index(name)
