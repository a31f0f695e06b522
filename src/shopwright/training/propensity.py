"""Five shallow boosters, each leaving one fold of customers out, merged into one.

Every booster starts from the same base margin (the share of positives in all rows), so their mean
can be one booster. One thread and fixed parameters: the same rows give the same bytes.
"""

from typing import NamedTuple

import numpy as np
import xgboost
from numpy.typing import NDArray

from shopwright.core.errors import Refused
from shopwright.training.booster import OBJECTIVE, merge
from shopwright.training.feature_rows import Margins, float32_rows
from shopwright.training.tasks import Learner
from shopwright.training.training_set import TrainingSet

_AGREEMENT = 1e-5
"""How far the merged booster may lie from the mean of its parts, relative to 1 + |margin|."""


class Fitted(NamedTuple):
    """A merged booster and, for each training row, the margin of the booster that left it out."""

    model: bytes
    out_of_fold: Margins


def fit(history: TrainingSet, folds: NDArray[np.int64], learner: Learner, seed: int) -> Fitted:
    """Fit one booster per fold on the other folds and merge them.

    Raises Refused when a fold leaves rows of one outcome only, or the merged booster would not
    agree with its parts.
    """
    rows = float32_rows(history.x)
    base_share = history.positives / len(history)
    everything = _matrix(rows, history)
    out_of_fold = np.empty(len(history), np.float32)
    models, margins = [], []
    for fold in range(int(folds.max()) + 1):
        inside = folds != fold
        _check_outcomes(history.y[inside], fold)
        booster = xgboost.train(
            _parameters(learner, seed, base_share),
            _matrix(rows[inside], history, history.y[inside]),
            num_boost_round=learner.rounds,
        )
        margin = booster.predict(everything, output_margin=True)
        out_of_fold[~inside] = margin[~inside]
        models.append(bytes(booster.save_raw("json")))
        margins.append(margin.astype(np.float64))
    merged = merge(models, base_share)
    _check_merged(merged, everything, np.mean(margins, axis=0))
    return Fitted(merged, out_of_fold)


def _parameters(learner: Learner, seed: int, base_share: float) -> dict[str, float | int | str]:
    return {
        "objective": OBJECTIVE,
        "tree_method": "hist",
        "max_depth": learner.depth,
        "eta": learner.eta,
        "nthread": learner.nthread,
        "seed": seed,
        "base_score": base_share,
        "verbosity": 0,
    }


def _matrix(
    rows: NDArray[np.float32], history: TrainingSet, y: NDArray[np.int64] | None = None
) -> xgboost.DMatrix:
    return xgboost.DMatrix(rows, label=y, feature_names=list(history.names), nthread=1)


def _check_outcomes(y: NDArray[np.int64], fold: int) -> None:
    positives = int(y.sum())
    if positives in (0, len(y)):
        raise Refused(
            f"without fold {fold}, {positives} of {len(y)} rows are positive, so there is nothing "
            "to tell apart; wait for more orders"
        )


def _check_merged(model: bytes, everything: xgboost.DMatrix, mean: "NDArray[np.floating]") -> None:
    booster = xgboost.Booster({"nthread": 1, "verbosity": 0})
    booster.load_model(bytearray(model))
    margins = booster.predict(everything, output_margin=True)
    apart = float(np.max(np.abs(margins - mean) / (1.0 + np.abs(mean))))
    if not apart <= _AGREEMENT:
        raise Refused(
            f"the merged booster lies {apart:.2g} from the mean of its parts (at most "
            f"{_AGREEMENT:.0e} is allowed); XGBoost {xgboost.__version__} may store models "
            "differently: install the version that the project names"
        )
