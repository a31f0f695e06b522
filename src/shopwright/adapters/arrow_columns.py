"""Columns of numpy to Arrow and back, without guessing: bytes stay bytes, null stays null."""

from typing import Any

import numpy as np
import pyarrow as pa

from shopwright.core.errors import BadInput
from shopwright.core.ports import Columns

SPINE_TYPES = {
    "row_id": pa.int64(),
    "store_id": pa.string(),
    "entity": pa.binary(),
    "as_of_us": pa.int64(),
    "minor_per_major": pa.int64(),
}
"""Types of the columns that every spine knows; another column is taken as numpy has it."""

_PLAIN = (pa.types.is_integer, pa.types.is_float64, pa.types.is_boolean)
_OBJECTS = (pa.types.is_string, pa.types.is_binary, pa.types.is_large_string)


def to_table(spine: Columns) -> Any:
    """Return a spine as an Arrow table. Raises BadInput for columns that cannot be one."""
    lengths = {len(column) for column in spine.values()}
    if len(lengths) != 1:
        raise BadInput(f"the columns of the spine have lengths {sorted(lengths)}; give one length")
    return pa.table({name: _to_arrow(name, column) for name, column in spine.items()})


def to_columns(table: Any) -> Columns:
    """Return an Arrow table by column; a column with nulls is masked.

    Raises BadInput for a type that engines do not share, such as the 128-bit sum of an SQL text
    that forgot to cast.
    """
    return {name: _to_numpy(name, table.column(name)) for name in table.column_names}


def _to_arrow(name: str, column: "np.ndarray[Any, Any]") -> Any:
    if column.dtype.kind == "S":
        # numpy drops zero bytes from the end of such values: a pseudonym would change.
        raise BadInput(f"the spine's column {name!r} has fixed-width bytes; give an object array")
    mask = np.ma.getmaskarray(column)
    values = np.ma.getdata(column)
    listed = values.tolist() if values.dtype.kind in "OU" else values
    try:
        return pa.array(listed, SPINE_TYPES.get(name), mask=mask)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise BadInput(f"the spine's column {name!r} is not what it should be: {error}") from error


def _to_numpy(name: str, column: Any) -> "np.ndarray[Any, Any]":
    if any(is_type(column.type) for is_type in _OBJECTS):
        values = np.empty(len(column), dtype=object)
        values[:] = column.to_pylist()
    elif any(is_type(column.type) for is_type in _PLAIN):
        dense = column.fill_null(False if pa.types.is_boolean(column.type) else 0)
        values = dense.to_numpy()
    else:
        raise BadInput(
            f"the query answers column {name!r} as {column.type}; "
            "cast it to BIGINT, DOUBLE, BOOLEAN, VARCHAR or BLOB"
        )
    if not column.null_count:
        return values
    return np.ma.MaskedArray(values, mask=column.is_null().to_numpy())
