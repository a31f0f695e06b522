"""Says whether there is enough to learn from, with numbers, before anything is fitted."""

import numpy as np

from shopwright.core.errors import Refused
from shopwright.training.tasks import Task
from shopwright.training.training_set import TrainingSet


def refuse_too_little(history: TrainingSet, task: Task) -> None:
    """Raise Refused when the rows cannot carry a model of the task.

    Counted apart: the rows before the latest snapshot, which fit the model that is judged, and
    the latest snapshot, which judges it.
    """
    snapshots = len(history.snapshots_us)
    if snapshots < 2:
        raise Refused(
            f"{task.name}: {len(history)} rows in {snapshots} label snapshots; at least 2 "
            "snapshots with customers are needed, one to learn and a later one to judge. "
            "Import more history or wait"
        )
    latest = history.snapshot == snapshots - 1
    earlier = history.where(~latest)
    _refuse_few(task, "rows to learn from", earlier, task.rows_min, task.positives_min)
    _refuse_few(
        task, "rows to judge by", history.where(latest), 2 * task.judged_min, task.judged_min
    )
    if not varying(earlier).any():
        raise Refused(
            f"{task.name}: all {len(history.names)} features are constant over {len(earlier)} "
            "rows, so customers cannot be told apart; check that the orders have dates and amounts"
        )


def varying(history: TrainingSet) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Say of each feature whether it has more than one value, null counted as one."""
    if not len(history):
        return np.zeros(len(history.names), np.bool_)
    first = history.x[0]
    same = (history.x == first) | (np.isnan(history.x) & np.isnan(first))
    return np.asarray(~same.all(axis=0), np.bool_)


def _refuse_few(task: Task, what: str, rows: TrainingSet, rows_min: int, outcomes_min: int) -> None:
    positives, negatives = rows.positives, len(rows) - rows.positives
    if len(rows) < rows_min or min(positives, negatives) < outcomes_min:
        raise Refused(
            f"{task.name}: {len(rows)} {what}, {positives} of them with an order within "
            f"{task.horizon_days} days and {negatives} without; needed are {rows_min} rows and "
            f"{outcomes_min} of each. Import more history or wait"
        )
