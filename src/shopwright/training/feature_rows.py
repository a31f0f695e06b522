"""Feature values become numbers: null turns into NaN here, in memory, and nowhere else."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopwright.core.errors import BadInput
from shopwright.core.types.feature import FeatureValue

Floats = NDArray[np.float64]
Margins = NDArray[np.float32]
"""What a booster says: log-odds in 32 bits."""


def rows_of(vectors: Sequence[Mapping[str, FeatureValue]], names: Sequence[str]) -> Floats:
    """Return one row of 64-bit floats per vector, columns in the order of ``names``.

    Raises BadInput for a vector that lacks a name: it belongs to another view.
    """
    try:
        listed = [[vector[name] for name in names] for vector in vectors]
    except KeyError as missing:
        raise BadInput(
            f"a feature vector has no {missing.args[0]!r}; "
            "it was made by another version of the feature view than the model was trained on"
        ) from None
    return np.array(listed, dtype=np.float64).reshape(len(listed), len(names))


def column_of(column: "np.ndarray[Any, Any]") -> Floats:
    """Return a column as 64-bit floats; masked entries become NaN."""
    if isinstance(column, np.ma.MaskedArray):
        return np.ma.filled(column.astype(np.float64), np.nan)
    return np.asarray(column, dtype=np.float64)


def float32_rows(rows: Floats) -> NDArray[np.float32]:
    """Round rows to the 32 bits that XGBoost compares.

    Raises BadInput for an infinite value, which XGBoost refuses too.
    """
    with np.errstate(over="ignore"):
        rounded = np.asarray(rows, dtype=np.float32)
    if np.isinf(rounded).any():
        raise BadInput(
            "a feature value is beyond the range of 32-bit floats (3.4e38); "
            "check the order amounts that it was made from"
        )
    return rounded
