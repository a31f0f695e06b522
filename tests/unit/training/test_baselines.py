"""The simple ways, as they are documented."""

import dataclasses

import numpy as np
import pytest
from made_history import NAMES, QUICK, made_history
from msgspec import structs

from shopwright.core.errors import BadInput
from shopwright.training.baselines import LOGISTIC_REGRESSION, ORDER_COUNT, RECENCY, fit_baselines
from shopwright.training.logistic import fit_logistic, sigmoid
from shopwright.training.scores import average_precision, roc_auc

HISTORY = made_history(customers=400)


def test_order_count_and_recency_rank_by_their_column_alone() -> None:
    fitted = fit_baselines(HISTORY, QUICK)
    count = HISTORY.x[:, NAMES.index("orders_total")]
    recency = HISTORY.x[:, NAMES.index("recency_days")]
    y = HISTORY.y
    for name, ranking in ((ORDER_COUNT, count), (RECENCY, -recency)):
        p = fitted[name].predict(HISTORY.x)
        assert roc_auc(y, p) == pytest.approx(roc_auc(y, ranking))
        assert average_precision(y, p) == pytest.approx(average_precision(y, ranking))
        assert p.mean() == pytest.approx(y.mean(), abs=1e-6)


def test_logistic_regression_does_what_its_documentation_says() -> None:
    columns = []
    for column in HISTORY.x.T:
        missing = np.isnan(column)
        logs = np.log1p(column[~missing])
        filled = np.full(len(column), np.median(logs))
        filled[~missing] = logs
        columns.append(filled)
        if missing.any():
            columns.append(missing.astype(float))
    order = (0, 1, 3, 4, 5, 2)  # values first, then the one flag
    design = np.column_stack([columns[i] for i in order])
    scaled = (design - design.mean(0)) / design.std(0)
    weights = fit_logistic(scaled, HISTORY.y.astype(float), 1.0)
    expected = sigmoid(weights[0] + scaled @ weights[1:])
    got = fit_baselines(HISTORY, QUICK)[LOGISTIC_REGRESSION].predict(HISTORY.x)
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_a_column_without_any_value_and_a_constant_one_change_nothing() -> None:
    x = np.column_stack([HISTORY.x, np.full(len(HISTORY), np.nan), np.full(len(HISTORY), 3.0)])
    wider = dataclasses.replace(HISTORY, x=x, names=(*NAMES, "empty", "constant"))
    np.testing.assert_allclose(
        fit_baselines(wider, QUICK)[LOGISTIC_REGRESSION].predict(x),
        fit_baselines(HISTORY, QUICK)[LOGISTIC_REGRESSION].predict(HISTORY.x),
        rtol=1e-9,
    )


def test_null_where_training_had_none_counts_as_the_median() -> None:
    fitted = fit_baselines(HISTORY, QUICK)[ORDER_COUNT]
    row = HISTORY.x[:1].copy()
    row[0, NAMES.index("orders_total")] = np.nan
    median = row.copy()
    median[0, NAMES.index("orders_total")] = np.median(HISTORY.x[:, NAMES.index("orders_total")])
    assert fitted.predict(row) == pytest.approx(fitted.predict(median))


def test_a_task_that_names_no_feature_is_bad_input() -> None:
    with pytest.raises(BadInput, match="'orders_ever', which is not among"):
        fit_baselines(HISTORY, structs.replace(QUICK, order_count_feature="orders_ever"))
