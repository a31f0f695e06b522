"""Looks for knowledge of the future among the training rows; runs in every training.

Point-in-time reads make leaks impossible by construction; this is the second lock.
"""

import numpy as np
from numpy.typing import NDArray

from shopwright.core.clock import US_PER_DAY, iso
from shopwright.core.errors import Refused
from shopwright.training.scores import roc_auc
from shopwright.training.tasks import Task
from shopwright.training.training_set import TrainingSet


def refuse_leaks(history: TrainingSet, folds: NDArray[np.int64], task: Task) -> None:
    """Raise Refused that names every leak found, with numbers."""
    found = leaks(history, folds, task)
    if found:
        raise Refused(f"the training rows know the future: {'; '.join(found)}; nothing was trained")


def leaks(history: TrainingSet, folds: NDArray[np.int64], task: Task) -> tuple[str, ...]:
    """Return one sentence per kind of leak; empty when there is none."""
    return (
        *_unfinished_labels(history, task),
        *_overlapping_labels(history, task),
        *_late_features(history),
        *_split_customers(history, folds),
        *_answers(history),
    )


def _unfinished_labels(history: TrainingSet, task: Task) -> list[str]:
    return [
        f"the label window of the snapshot {iso(snapshot)} has matured only at "
        f"{iso(task.label_ends_us(snapshot))}, after the cut-off {iso(history.cutoff_us)}"
        for snapshot in history.snapshots_us
        if task.label_ends_us(snapshot) > history.cutoff_us
    ]


def _overlapping_labels(history: TrainingSet, task: Task) -> list[str]:
    """The latest snapshot judges, so the windows of the others must have ended before it."""
    *earlier, latest = history.snapshots_us
    return [
        f"the label window of the snapshot {iso(snapshot)} reaches into that of the latest, "
        f"{iso(latest)}"
        for snapshot in earlier
        if snapshot + task.horizon_days * US_PER_DAY > latest
    ]


def _late_features(history: TrainingSet) -> list[str]:
    begins = np.array(history.snapshots_us, np.int64)[history.snapshot]
    late = int((history.as_of_us > begins).sum())
    return [f"{late} rows have features as of later than their label window"] if late else []


def _split_customers(history: TrainingSet, folds: NDArray[np.int64]) -> list[str]:
    pairs = set(zip(history.entities, folds.tolist(), strict=True))
    split = len(pairs) - len(set(history.entities))
    return [f"{split} customers are in more than one fold"] if split else []


def _answers(history: TrainingSet) -> list[str]:
    """A single feature that tells all outcomes apart is the label by another name."""
    y = history.y
    if int(y.sum()) in (0, len(y)):
        return []
    found = []
    for index, name in enumerate(history.names):
        column = history.x[:, index]
        missing = np.isnan(column)
        known = int((~missing).sum())
        outcomes = int(y[~missing].sum())
        if roc_auc(y, missing.astype(np.float64)) in (0.0, 1.0):
            found.append(f"whether {name} is known tells every outcome")
        # Among few known values a perfect order can be luck.
        elif (
            0 < outcomes < known
            and 2 * known >= len(y)
            and roc_auc(y[~missing], column[~missing]) in (0.0, 1.0)
        ):
            found.append(f"{name} alone tells every outcome")
    return found
