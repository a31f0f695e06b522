"""Scores rows exactly as XGBoost does, in numpy alone: the web process never loads XGBoost.

All trees are walked in lock step; the leaves are added in 32 bits, one after the other in the order
of the trees, as XGBoost's CPU predictor adds them. Equal to ``Booster.predict(output_margin=True)``
of the merged booster, bit for bit; ``prove`` checks that on stored rows before a model serves.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shopwright.core.errors import BadInput, Damaged
from shopwright.training.booster import read_booster
from shopwright.training.complete_trees import CompleteTrees, complete
from shopwright.training.feature_rows import Floats, Margins, float32_rows

_ROWS_AT_ONCE = 64
"""Rows walked together: about 50,000 nodes, which stay in the processor's cache."""


class ExactScorer:
    """A booster ready to score."""

    def __init__(self, trees: CompleteTrees) -> None:
        self._trees = trees
        self._roots = np.arange(trees.trees, dtype=np.int64)

    @classmethod
    def read(cls, model: bytes, names: Sequence[str]) -> "ExactScorer":
        """Read a merged booster. Raises Damaged when it is no such thing or for other features."""
        parts = read_booster(model)
        if parts.feature_names != list(names):
            raise Damaged(
                f"the model file is for {len(parts.feature_names)} features "
                f"({', '.join(parts.feature_names)}); expected {len(names)} ({', '.join(names)})"
            )
        return cls(complete(parts))

    def margins(self, rows: Floats) -> Margins:
        """Return the log-odds of each row; NaN in a row means not known.

        Raises BadInput for rows of another width and for infinite values.
        """
        rounded = float32_rows(rows)
        if rounded.ndim != 2 or rounded.shape[1] != self._trees.features:
            raise BadInput(
                f"rows of shape {rounded.shape} were given to a model of "
                f"{self._trees.features} features"
            )
        # A missing value goes where its node sends it: below every threshold when it is read
        # from the first copy of the row, above every threshold when from the second.
        missing = np.isnan(rounded)
        doubled = np.concatenate(
            (np.where(missing, -np.inf, rounded), np.where(missing, np.inf, rounded)), axis=1
        ).astype(np.float32, copy=False)
        if len(rounded) == 1:
            return self._walk_one(doubled[0])
        margins = np.empty(len(rounded), np.float32)
        for start in range(0, len(rounded), _ROWS_AT_ONCE):
            block = doubled[start : start + _ROWS_AT_ONCE]
            margins[start : start + _ROWS_AT_ONCE] = self._walk(block)
        return margins

    def prove(self, rows: Floats, expected: Margins) -> bool:
        """Say whether all margins equal the expected ones, bit for bit, singly and in blocks."""
        wanted = np.asarray(expected, np.float32).tobytes()
        if self.margins(rows).tobytes() != wanted:
            return False
        single = [self.margins(rows[index : index + 1]) for index in range(len(rows))]
        return b"".join(margin.tobytes() for margin in single) == wanted

    def _walk_one(self, doubled: NDArray[np.float32]) -> Margins:
        node = self._roots
        for thresholds, columns in zip(self._trees.thresholds, self._trees.columns, strict=True):
            right = doubled.take(columns.take(node)) >= thresholds.take(node)
            node = 2 * node + right
        # accumulate adds strictly from left to right; sum() would add pairwise.
        return np.add.accumulate(self._trees.leaves.take(node))[-1:]

    def _walk(self, doubled: NDArray[np.float32]) -> Margins:
        width = doubled.shape[1]
        values = doubled.ravel()
        row_starts = np.arange(len(doubled), dtype=np.int64)[:, None] * width
        node = np.broadcast_to(self._roots, (len(doubled), self._trees.trees))
        for thresholds, columns in zip(self._trees.thresholds, self._trees.columns, strict=True):
            right = values.take(columns.take(node) + row_starts) >= thresholds.take(node)
            node = 2 * node + right
        return np.add.accumulate(self._trees.leaves.take(node), axis=1)[:, -1]
