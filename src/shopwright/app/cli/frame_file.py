"""Frames on disk: a Parquet file that appears whole or not at all, and spines that are read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from shopwright.core.errors import BadInput

INSTANT = pa.timestamp("us", tz="UTC")


def check_name(path: Path) -> None:
    """Raise BadInput for a name that is not a Parquet file in an existing folder."""
    if path.suffix != ".parquet":
        raise BadInput(f"{path}: name the file .parquet")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: there is no folder {path.parent}; make it first")


def write_frame(path: Path, columns: Mapping[str, Any]) -> None:
    """Write columns; ``as_of``, in epoch microseconds, becomes a UTC timestamp."""
    arrays = {
        name: pa.array(values).cast(INSTANT) if name == "as_of" else pa.array(values)
        for name, values in columns.items()
    }
    part = path.with_name(f".{path.name}.part")
    try:
        pq.write_table(pa.table(arrays), part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_columns(path: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    """Read some columns of a Parquet or CSV file. Raises BadInput naming what is missing."""
    try:
        if path.suffix == ".csv":
            texts = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
            found = csv.read_csv(path, convert_options=texts)
        else:
            found = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path}: cannot be read as Parquet or CSV ({error})") from error
    missing = [name for name in names if name not in found.column_names]
    if missing:
        raise BadInput(
            f"{path}: has no column {', '.join(missing)}; its columns are "
            f"{', '.join(found.column_names)}"
        )
    return {name: found.column(name).to_pylist() for name in names}
