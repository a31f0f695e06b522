"""One training: judged on a later snapshot first, then fitted on everything.

The latest snapshot judges a model that was fitted on the earlier ones alone, so no fold has seen
it. The model that is kept is then fitted on all snapshots, in the same way.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.training.acceptance import Verdict, judge
from shopwright.training.baselines import fit_baselines
from shopwright.training.booster import read_booster
from shopwright.training.calibration import fit_calibration, probabilities
from shopwright.training.card import write_card
from shopwright.training.feature_rows import Floats
from shopwright.training.folds import folds_of
from shopwright.training.leakage import refuse_leaks
from shopwright.training.profile import encode_profile, profile
from shopwright.training.proof import Proof, encode_proof, proof_rows
from shopwright.training.propensity import Fitted, fit
from shopwright.training.quality import Quality, encode_quality, measure
from shopwright.training.readiness import refuse_too_little, varying
from shopwright.training.scores import all_scores
from shopwright.training.tasks import Task
from shopwright.training.trained import Trained
from shopwright.training.training_set import TrainingSet
from shopwright.training.xgboost_scorer import XgboostScorer

_BOOTSTRAP_STREAM = 1
_PROOF_STREAM = 2


class _Judged(NamedTuple):
    figures: Mapping[str, Mapping[str, float]]
    verdict: Verdict
    quality: Quality


def train_propensity(history: TrainingSet, task: Task, seed: int) -> Trained:
    """Train, judge and pack a model; equal rows, task and seed give equal files.

    A model that does not beat its baselines comes back with ``verdict.accepted`` false. Raises
    Refused, with numbers, when there is too little to learn from, a leak is found, or the scores
    say nothing about the label.
    """
    refuse_too_little(history, task)
    folds = folds_of(history.entities, task.folds, seed)
    refuse_leaks(history, folds, task)
    judged = _judge(history, folds, task, seed)
    final = fit(history, folds, task.learner, seed)
    calibration = fit_calibration(final.out_of_fold, history.y)
    out_of_fold = probabilities(final.out_of_fold, calibration)
    return Trained(
        task=task,
        seed=seed,
        names=history.names,
        cutoff_us=history.cutoff_us,
        snapshots_us=history.snapshots_us,
        snapshot=history.digest(),
        rows=len(history),
        positives=history.positives,
        calibration=calibration,
        figures=judged.figures,
        verdict=judged.verdict,
        quality=judged.quality,
        files=_files(history, task, final, judged, _proof(final, history.names, seed), out_of_fold),
    )


def _judge(history: TrainingSet, folds: NDArray[np.int64], task: Task, seed: int) -> _Judged:
    is_latest = history.snapshot == len(history.snapshots_us) - 1
    earlier, latest = history.where(~is_latest), history.where(is_latest)
    fitted = fit(earlier, folds[~is_latest], task.learner, seed)
    calibration = fit_calibration(fitted.out_of_fold, earlier.y)
    margins = XgboostScorer(fitted.model, history.names).margins(latest.x)
    model = probabilities(margins, calibration)
    baselines = {
        name: baseline.predict(latest.x) for name, baseline in fit_baselines(earlier, task).items()
    }
    figures = {name: all_scores(latest.y, p) for name, p in {"model": model, **baselines}.items()}
    generator = np.random.default_rng([seed, _BOOTSTRAP_STREAM])
    return _Judged(
        figures=figures,
        verdict=judge(latest.y, model, baselines, generator),
        quality=measure(latest.y, model, latest.categories),
    )


def _proof(fitted: Fitted, names: tuple[str, ...], seed: int) -> Proof:
    generator = np.random.default_rng([seed, _PROOF_STREAM])
    rows = proof_rows(read_booster(fitted.model), generator)
    return Proof(names, rows, XgboostScorer(fitted.model, names).margins(rows))


def _files(
    history: TrainingSet,
    task: Task,
    final: Fitted,
    judged: _Judged,
    proof: Proof,
    out_of_fold: Floats,
) -> Mapping[str, bytes]:
    constant = [
        name for name, varies in zip(history.names, varying(history), strict=True) if not varies
    ]
    card = write_card(
        history,
        task,
        figures=judged.figures,
        verdict=judged.verdict,
        quality=judged.quality,
        constant=constant,
    )
    return {
        "model.json": final.model,
        "proof.json": encode_proof(proof),
        "profile.json": encode_profile(profile(history.names, history.x, out_of_fold)),
        "quality.json": encode_quality(judged.quality),
        "card.md": card.encode(),
    }
