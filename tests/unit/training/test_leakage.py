"""Each kind of knowledge of the future is found and named with its number."""

import dataclasses

import numpy as np
import pytest
from made_history import CUTOFF_US, NAMES, QUICK, made_history
from msgspec import structs

from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import Refused
from shopwright.training.folds import folds_of
from shopwright.training.leakage import leaks, refuse_leaks
from shopwright.training.tasks import Task
from shopwright.training.training_set import TrainingSet

HISTORY = made_history(customers=300)


def _leaks(history: TrainingSet, task: Task = QUICK) -> tuple[str, ...]:
    return leaks(history, folds_of(history.entities, task.folds, 1), task)


def test_an_honest_history_has_none() -> None:
    assert _leaks(HISTORY) == ()
    refuse_leaks(HISTORY, folds_of(HISTORY.entities, 5, 1), QUICK)


def test_a_label_window_that_crosses_the_cut_off() -> None:
    short = dataclasses.replace(HISTORY, cutoff_us=CUTOFF_US - 1)
    (found,) = _leaks(short)
    assert "2024-10-04T00:00:00.000000Z, after the cut-off 2024-10-03T23:59:59.999999Z" in found


def test_days_to_settle_belong_to_the_label() -> None:
    (found,) = _leaks(HISTORY, structs.replace(QUICK, settle_days=1))
    assert "has matured only at" in found


def test_label_windows_that_reach_into_the_judging_one() -> None:
    found = _leaks(HISTORY, structs.replace(QUICK, horizon_days=31))
    assert any("reaches into that of the latest" in each for each in found)


def test_features_as_of_after_their_label_began() -> None:
    as_of_us = HISTORY.as_of_us.copy()
    as_of_us[[4, 90]] += 1
    assert _leaks(dataclasses.replace(HISTORY, as_of_us=as_of_us)) == (
        "2 rows have features as of later than their label window",
    )


def test_a_customer_in_two_folds() -> None:
    folds = folds_of(HISTORY.entities, 5, 1)
    shared = HISTORY.entities[0]
    places = [i for i, entity in enumerate(HISTORY.entities) if entity == shared]
    assert len(places) == 3
    folds[places[1]] = (folds[places[0]] + 1) % 5
    assert leaks(HISTORY, folds, QUICK) == ("1 customers are in more than one fold",)


def _with_column(column: np.ndarray) -> TrainingSet:
    x = np.column_stack([HISTORY.x, column])
    return dataclasses.replace(HISTORY, x=x, names=(*NAMES, "hint"))


@pytest.mark.parametrize("scale", [1.0, -2.0, 0.25])
def test_a_feature_that_is_the_label_by_another_name(scale: float) -> None:
    assert _leaks(_with_column(HISTORY.y * scale)) == ("hint alone tells every outcome",)


def test_a_feature_that_is_only_known_for_buyers() -> None:
    known = np.where(HISTORY.y == 1, 5.0, np.nan)
    assert _leaks(_with_column(known)) == ("whether hint is known tells every outcome",)


def test_a_feature_that_tells_most_outcomes_is_merely_good() -> None:
    column = HISTORY.y.astype(float)
    column[int(np.flatnonzero(HISTORY.y)[0])] = -1.0
    assert _leaks(_with_column(column)) == ()


def test_every_leak_is_named_in_the_refusal() -> None:
    leaky = dataclasses.replace(_with_column(HISTORY.y * 1.0), cutoff_us=CUTOFF_US - US_PER_DAY)
    with pytest.raises(Refused, match=r"after the cut-off .*; hint alone tells every outcome; no"):
        refuse_leaks(leaky, folds_of(leaky.entities, 5, 1), QUICK)
