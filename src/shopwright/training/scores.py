"""How good a list of probabilities is. Ties count as ties everywhere.

Every score raises BadInput when it is not defined: one class only, or no rows.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.core.errors import BadInput
from shopwright.training.feature_rows import Floats

Labels = NDArray[np.int64]
_SHARE_MIN = 1e-15
"""Log loss cuts probabilities here, so that one certain mistake is not infinite."""


class Curve(NamedTuple):
    """Precision and recall when everything with score >= threshold is called positive."""

    thresholds: Floats
    """Distinct scores, highest first."""
    precision: Floats
    recall: Floats


def curve(y: Labels, score: Floats) -> Curve:
    """Return the precision-recall curve, one point per distinct score."""
    _check(y, score, negatives=False)
    order = np.argsort(-score, kind="stable")
    ends = _ends(score[order])
    true = np.cumsum(y[order])[ends].astype(np.float64)
    return Curve(score[order][ends], true / (ends + 1.0), true / float(y.sum()))


def average_precision(y: Labels, score: Floats) -> float:
    """Return the area under precision-recall as the step sum over distinct scores."""
    points = curve(y, score)
    return float(np.sum(np.diff(points.recall, prepend=0.0) * points.precision))


def roc_auc(y: Labels, score: Floats) -> float:
    """Return the chance that a positive scores above a negative; a tie counts one half."""
    _check(y, score, negatives=True)
    order = np.argsort(score, kind="stable")
    ends = _ends(score[order])
    starts = np.concatenate(([0], ends[:-1] + 1))
    # Ranks 1 … n, tied scores sharing their mean rank (Mann and Whitney).
    ranks = np.repeat((starts + ends) / 2.0 + 1.0, ends - starts + 1)
    positives = float(y.sum())
    rank_sum = float(ranks[y[order] == 1].sum())
    won = rank_sum - positives * (positives + 1.0) / 2.0
    return won / (positives * (len(y) - positives))


def log_loss(y: Labels, p: Floats) -> float:
    """Return the mean of -log of the probability given to what happened."""
    _check_rows(y, p)
    q = np.clip(p, _SHARE_MIN, 1.0 - _SHARE_MIN)
    return float(-np.mean(np.where(y == 1, np.log(q), np.log1p(-q))))


def brier(y: Labels, p: Floats) -> float:
    """Return the mean squared distance of probability and outcome (Brier, 1950)."""
    _check_rows(y, p)
    return float(np.mean((p - y) ** 2))


def ece(y: Labels, p: Floats, bins: int = 10) -> float:
    """Return the expected calibration error in bins of equal count, by stable order of ``p``."""
    _check_rows(y, p)
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [len(part) * abs(float(y[part].mean()) - float(p[part].mean())) for part in parts]
    return sum(gaps) / len(y)


def all_scores(y: Labels, p: Floats) -> Mapping[str, float]:
    """Return every score of these probabilities by name."""
    return {
        "roc_auc": roc_auc(y, p),
        "pr_auc": average_precision(y, p),
        "log_loss": log_loss(y, p),
        "brier": brier(y, p),
        "ece": ece(y, p),
    }


def _ends(ordered: Floats) -> NDArray[np.intp]:
    """Return the last index of each run of equal scores."""
    return np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))


def _check_rows(y: Labels, score: Floats) -> None:
    if len(y) == 0 or len(y) != len(score):
        raise BadInput(f"{len(y)} outcomes and {len(score)} scores cannot be compared")
    if not np.isfinite(score).all():
        raise BadInput(f"{int((~np.isfinite(score)).sum())} of {len(score)} scores are not numbers")


def _check(y: Labels, score: Floats, *, negatives: bool) -> None:
    _check_rows(y, score)
    positives = int(y.sum())
    if positives == 0 or (negatives and positives == len(y)):
        raise BadInput(f"{positives} of {len(y)} outcomes are positive; this score needs both")
