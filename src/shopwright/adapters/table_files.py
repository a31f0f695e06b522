"""Tables on disk, Parquet or CSV, read in bounded batches with pyarrow.

Every cell is handed on as the text that stands in the file, dictionary-encoded; what a text means
is decided by the rules in ``events``. For Parquet numbers that is their shortest decimal form.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from shopwright.adapters.csv_rows import CsvReader, MalformedRow
from shopwright.core.errors import BadInput
from shopwright.events.transaction_rows import Encoded, RowBatch

BATCH_ROWS = 1 << 16
_PARQUET = b"PAR1"


class TableFile:
    """One table. Reading it again gives the same rows in the same order."""

    def __init__(self, path: Path) -> None:
        """Open the table. Raises BadInput for a path that is not a readable table."""
        self.path = path
        if not path.is_file():
            raise BadInput(f"{path}: there is no such file; give a Parquet or CSV file")
        with path.open("rb") as file:
            self._is_parquet = file.read(len(_PARQUET)) == _PARQUET
        self._csv = None if self._is_parquet else CsvReader(path)
        self.rows: int | None = None
        """None for CSV: known only at the end."""
        if self._csv:
            self.schema = pa.schema([(name, pa.string()) for name in self._csv.columns])
        else:
            with self._parquet() as file:
                self.schema = file.schema_arrow.remove_metadata()
                self.rows = int(file.metadata.num_rows)
        self.columns: Sequence[str] = tuple(self.schema.names)

    def digest(self) -> str:
        """Return the SHA-256 of the file's content."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def batches(self, columns: Mapping[str, str]) -> Iterator[RowBatch]:
        """Yield the rows in file order; ``columns`` is role to column.

        Raises BadInput for a column whose values have no text (a list, a struct), and for a file
        that cannot be read on.
        """
        for batch in self._record_batches(sorted(set(columns.values()))):
            yield {
                role: encoded(batch.column(column), f"{self.path}: {column}")
                for role, column in columns.items()
            }

    def numbered_batches(self) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
        """Yield the well-formed rows whole, each with its place (from 0) among all rows."""
        first = 0
        for batch in self._record_batches(None):
            rows = np.arange(first, first + batch.num_rows, dtype=np.int64)
            first += batch.num_rows
            yield rows + _malformed_before(rows, [row.place for row in self.malformed]), batch

    @property
    def malformed(self) -> Sequence[MalformedRow]:
        """The rows that the last reading could not split into fields; complete at its end."""
        return self._csv.malformed if self._csv else ()

    def _parquet(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path)
        except (pa.ArrowException, OSError) as error:
            raise BadInput(
                f"{self.path}: not a whole Parquet file ({error}); copy it again"
            ) from error

    def _record_batches(self, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        if self._csv:
            yield from self._csv.batches(columns)
            return
        with self._parquet() as file:
            try:
                yield from file.iter_batches(BATCH_ROWS, columns=columns, use_threads=False)
            except (pa.ArrowException, OSError) as error:
                raise BadInput(
                    f"{self.path}: cannot be read to its end ({error}); copy it again"
                ) from error


def encoded(column: pa.Array, where: str) -> Encoded:
    """Return a column as codes and distinct texts."""
    if not pa.types.is_dictionary(column.type):
        try:
            column = column.dictionary_encode()
        except pa.ArrowException as error:
            raise _textless(column, where) from error
    codes = column.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    return Encoded(codes, _texts(column.dictionary, where))


def _malformed_before(rows: NDArray[np.int64], malformed: Sequence[int]) -> NDArray[np.int64]:
    """Return how many malformed rows precede each well-formed one, given their own numbering."""
    shifted = np.array(malformed, dtype=np.int64) - np.arange(len(malformed))
    return np.searchsorted(shifted, rows, side="right").astype(np.int64)


def _texts(values: pa.Array, where: str) -> list[str]:
    try:
        if pa.types.is_timestamp(values.type):
            # to microseconds and, where a zone is named, to UTC: the text then ends in Z
            zone = "UTC" if values.type.tz else None
            values = values.cast(pa.timestamp("us", zone), safe=False)
        texts: list[str] = values.cast(pa.string()).fill_null("").to_pylist()
    except pa.ArrowException as error:
        raise _textless(values, where) from error
    return texts


def _textless(values: pa.Array, where: str) -> BadInput:
    return BadInput(f"{where}: values of type {values.type} cannot be read; store it as text")
