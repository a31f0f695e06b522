"""Precision, recall and calibration per product category, on rows the model had not seen."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from msgspec import Struct

from shopwright.training.feature_rows import Floats
from shopwright.training.scores import Labels, brier, curve, ece, roc_auc

QUALITY_FORMAT = 1
CELL_ROWS_MIN = 20
CELL_POSITIVES_MIN = 20
"""Below either, a figure would be noise and could point at a person; the cell is only counted."""
_POINTS_MAX = 50
_BINS_MAX = 10


class Point(Struct, frozen=True):
    """Calling everything with p >= threshold positive."""

    threshold: float
    precision: float
    recall: float


class Bin(Struct, frozen=True):
    """Rows of neighbouring probabilities: what was said and what happened."""

    rows: int
    mean_p: float
    positive_share: float


class Cell(Struct, frozen=True, kw_only=True):
    """One category, or everything."""

    rows: int
    positives: int
    average_precision: float
    roc_auc: float | None
    """None when every row is positive."""
    brier: float
    ece: float
    mean_p: float
    positive_share: float
    points: list[Point]
    """At most 50, highest threshold first; the last one calls everything positive."""
    calibration: list[Bin]


class Quality(Struct, frozen=True, kw_only=True):
    """The whole report; categories in alphabetical order."""

    format: int
    overall: Cell
    categories: dict[str, Cell]
    suppressed_categories: int
    suppressed_rows: int


def measure(y: Labels, p: Floats, categories: Sequence[str]) -> Quality:
    """Measure overall and per category; rows without a category count overall only.

    Raises BadInput when no row is positive.
    """
    names = np.array(categories, dtype=object)
    cells: dict[str, Cell] = {}
    suppressed = suppressed_rows = 0
    for name in sorted(set(categories) - {""}):
        inside = names == name
        rows, positives = int(inside.sum()), int(y[inside].sum())
        if rows < CELL_ROWS_MIN or positives < CELL_POSITIVES_MIN:
            suppressed, suppressed_rows = suppressed + 1, suppressed_rows + rows
            continue
        cells[name] = _cell(y[inside], p[inside])
    return Quality(
        format=QUALITY_FORMAT,
        overall=_cell(y, p),
        categories=cells,
        suppressed_categories=suppressed,
        suppressed_rows=suppressed_rows,
    )


def encode_quality(quality: Quality) -> bytes:
    """Write the report as JSON."""
    return msgspec.json.encode(quality)


def decode_quality(stored: bytes) -> Quality:
    """Read a report; raises msgspec.ValidationError for anything else."""
    return msgspec.json.decode(stored, type=Quality)


def summary(quality: Quality) -> Mapping[str, float]:
    """Return the average precision of every shown category."""
    return {name: cell.average_precision for name, cell in quality.categories.items()}


def _cell(y: Labels, p: Floats) -> Cell:
    points = curve(y, p)
    steps = np.diff(points.recall, prepend=0.0)
    kept = np.unique(
        np.linspace(0, len(points.thresholds) - 1, _POINTS_MAX).round().astype(np.int64)
    )
    return Cell(
        rows=len(y),
        positives=int(y.sum()),
        average_precision=float(np.sum(steps * points.precision)),
        roc_auc=roc_auc(y, p) if int(y.sum()) < len(y) else None,
        brier=brier(y, p),
        ece=ece(y, p),
        mean_p=float(p.mean()),
        positive_share=float(y.mean()),
        points=[
            Point(float(points.thresholds[i]), float(points.precision[i]), float(points.recall[i]))
            for i in kept
        ],
        calibration=_calibration(y, p),
    )


def _calibration(y: Labels, p: Floats) -> list[Bin]:
    # A bin keeps as many rows as a cell must have.
    bins = max(1, min(_BINS_MAX, len(y) // CELL_ROWS_MIN))
    order = np.argsort(p, kind="stable")
    return [
        Bin(len(part), float(p[part].mean()), float(y[part].mean()))
        for part in np.array_split(order, bins)
        if len(part)
    ]
