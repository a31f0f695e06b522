"""Figures per category, and silence where they would be noise or point at a person."""

import numpy as np
import pytest

from shopwright.core.errors import BadInput
from shopwright.training.logistic import sigmoid
from shopwright.training.quality import decode_quality, encode_quality, measure, summary
from shopwright.training.scores import average_precision, brier, ece, roc_auc

CHANCE = np.random.default_rng(8)
TRUTH = CHANCE.normal(-0.3, 1.4, 900)
P = sigmoid(TRUTH)
Y = (CHANCE.random(900) < P).astype(np.int64)
NAMES = np.array(["Mugs"] * 500 + ["Lamps"] * 300 + [""] * 100, dtype=object)


def test_each_cell_is_the_score_of_its_own_rows() -> None:
    report = measure(Y, P, list(NAMES))
    assert list(report.categories) == ["Lamps", "Mugs"]
    for name, cell in [*report.categories.items(), ("everything", report.overall)]:
        inside = name == NAMES if name != "everything" else np.ones(900, bool)
        y, p = Y[inside], P[inside]
        assert (cell.rows, cell.positives) == (inside.sum(), y.sum())
        assert cell.average_precision == pytest.approx(average_precision(y, p), abs=1e-12)
        assert cell.roc_auc == roc_auc(y, p)
        assert (cell.brier, cell.ece) == (brier(y, p), ece(y, p))
        assert (cell.mean_p, cell.positive_share) == (p.mean(), y.mean())
        for point in cell.points:
            called = p >= point.threshold
            assert point.precision == pytest.approx(y[called].mean())
            assert point.recall == pytest.approx(y[called].sum() / y.sum())
        assert len(cell.points) <= 50
        assert cell.points[-1].recall == 1.0
        assert sum(b.rows for b in cell.calibration) == cell.rows
        assert min(b.rows for b in cell.calibration) >= 20
    assert summary(report)["Mugs"] == report.categories["Mugs"].average_precision


@pytest.mark.parametrize(
    ("rows", "positives", "shown"),
    [(20, 20, True), (19, 19, False), (400, 19, False), (400, 20, True), (21, 20, True)],
)
def test_small_cells_are_counted_and_not_shown(rows: int, positives: int, shown: bool) -> None:
    y = np.concatenate([np.ones(positives), np.zeros(rows - positives), Y]).astype(np.int64)
    p = np.concatenate([np.linspace(0.9, 0.1, rows), P])
    report = measure(y, p, ["Few"] * rows + ["Mugs"] * 900)
    assert ("Few" in report.categories) is shown
    assert report.suppressed_categories == (0 if shown else 1)
    assert report.suppressed_rows == (0 if shown else rows)
    assert report.overall.rows == 900 + rows
    if rows == positives and shown:
        assert report.categories["Few"].roc_auc is None


def test_the_report_comes_back_from_json() -> None:
    report = measure(Y, P, list(NAMES))
    assert decode_quality(encode_quality(report)) == report


def test_without_a_positive_there_is_nothing_to_measure() -> None:
    with pytest.raises(BadInput, match="0 of 900"):
        measure(np.zeros(900, np.int64), P, list(NAMES))
