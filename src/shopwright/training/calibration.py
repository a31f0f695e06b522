"""From a booster's margin to a probability that can be believed: Platt scaling.

Platt (1999), with the smoothed targets and the Newton iteration of Lin, Lin and Weng (2007),
"A note on Platt's probabilistic outputs for support vector machines". The slope is positive, so
calibration never changes who ranks before whom.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.core.errors import Refused
from shopwright.training.feature_rows import Floats
from shopwright.training.logistic import fit_logistic, sigmoid


class Calibration(NamedTuple):
    """p = 1 / (1 + exp(-(slope × margin + intercept))), slope > 0."""

    slope: float
    intercept: float


def fit_calibration(margins: "NDArray[np.floating]", y: NDArray[np.int64]) -> Calibration:
    """Fit on margins of rows that their booster has not seen.

    Raises Refused when higher margins do not mean more orders: such a model knows nothing.
    """
    positives = int(y.sum())
    negatives = len(y) - positives
    if not positives or not negatives:
        raise Refused(
            f"calibration needs both outcomes, but of {len(y)} rows {positives} are positive; "
            "wait for more orders"
        )
    targets = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.asarray(margins, np.float64)[:, None]
    intercept, slope = fit_logistic(design, targets, ridge=0.0)
    # A slope that is only rounding error would not survive the next training.
    if not slope > 1e-6:
        raise Refused(
            f"the model's scores do not rise with the orders (slope {slope:.3g} on {len(y)} "
            "rows that it had not seen); these features do not predict this label yet"
        )
    return Calibration(float(slope), float(intercept))


def probabilities(
    margins: "NDArray[np.floating]", calibration: Calibration | tuple[float, float]
) -> Floats:
    """Return the calibrated probability of each margin, 0 to 1."""
    slope, intercept = calibration
    return sigmoid(slope * np.asarray(margins, np.float64) + intercept)
