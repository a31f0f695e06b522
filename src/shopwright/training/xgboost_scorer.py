"""Scores through XGBoost itself: for a model that the exact scorer cannot prove equal.

XGBoost is imported when such a scorer is made, and only then.
"""

from collections.abc import Sequence

import numpy as np

from shopwright.core.errors import BadInput, Damaged
from shopwright.training.feature_rows import Floats, Margins, float32_rows


class XgboostScorer:
    """A booster as XGBoost loads it."""

    def __init__(self, model: bytes, names: Sequence[str]) -> None:
        """Load a booster whose bytes have been checked against their manifest.

        A damaged model can end the process inside XGBoost, so nothing unchecked may come here.
        Raises Damaged when XGBoost refuses it or its features have other names.
        """
        import xgboost  # noqa: PLC0415 - half a second and 100 MB, for the rare model only

        self._xgboost = xgboost
        self._booster = xgboost.Booster({"nthread": 1, "verbosity": 0})
        try:
            self._booster.load_model(bytearray(model))
        except xgboost.core.XGBoostError as error:
            raise Damaged(f"XGBoost cannot load the model: {str(error).splitlines()[0]}") from error
        self._names = list(names)
        if self._booster.feature_names != self._names:
            raise Damaged(
                f"the model file is for the features {self._booster.feature_names}; "
                f"expected {self._names}"
            )

    def margins(self, rows: Floats) -> Margins:
        """Return the log-odds of each row; NaN in a row means not known.

        Raises BadInput for rows of another width and for infinite values.
        """
        rounded = float32_rows(rows)
        if rounded.ndim != 2 or rounded.shape[1] != len(self._names):
            raise BadInput(
                f"rows of shape {rounded.shape} were given to a model of "
                f"{len(self._names)} features"
            )
        matrix = self._xgboost.DMatrix(rounded, feature_names=self._names, nthread=1)
        return np.asarray(self._booster.predict(matrix, output_margin=True), np.float32)

    def prove(self, rows: Floats, expected: Margins) -> bool:
        """Say whether all margins equal the expected ones, bit for bit."""
        return self.margins(rows).tobytes() == np.asarray(expected, np.float32).tobytes()
