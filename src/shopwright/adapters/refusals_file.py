"""Writes the rows that an import did not take, as they stand in the file, with the reason."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import csv

from shopwright.adapters.csv_rows import MalformedRow
from shopwright.adapters.table_files import TableFile
from shopwright.core.errors import BadInput

MALFORMED = "another number of fields than the header"
_OWN = (
    pa.field("refused_row", pa.int64()),
    pa.field("refused_reason", pa.string()),
    pa.field("refused_units", pa.int64()),
    pa.field("refused_text", pa.string()),
)


class RefusalsFile:
    """A report of one table's refused rows: four columns of ours, then the table's own.

    ``refused_row`` counts the rows below the header from 1. ``refused_units`` are the units of a
    cancellation that found no order. ``refused_text`` is a row that could not be split into fields.
    """

    def __init__(self, table: TableFile, out: Path) -> None:
        """Raises BadInput for a name that is neither Parquet nor CSV, or cannot be written."""
        self._table = table
        self._out = out
        self._schema = pa.schema([*_OWN, *table.schema])
        if out.suffix not in {".parquet", ".csv"}:
            raise BadInput(f"{out}: name the report of refused rows .parquet or .csv")
        if not out.parent.is_dir():
            raise BadInput(f"{out}: there is no folder {out.parent}; make it first")
        if out.resolve() == table.path.resolve():
            raise BadInput(f"{out}: that is the imported file itself; name another one")

    def write(
        self, fates: NDArray[np.uint8], reasons: Mapping[int, str], units: Mapping[int, int]
    ) -> int:
        """Write every row whose fate has a reason; return how many, malformed ones included.

        ``fates`` has one entry a well-formed row, ``units`` is by well-formed row. The file
        appears whole or not at all. Raises BadInput when the table changed since it was read.
        """
        part = self._out.with_name(f"{self._out.stem}.part{self._out.suffix}")
        written = 0
        try:
            with _writer(part, self._schema) as writer:
                for batch in self._refused(fates, reasons, units):
                    writer.write_batch(batch)
                    written += batch.num_rows
            part.replace(self._out)
        except pa.ArrowException as error:
            raise BadInput(f"{self._out}: cannot be written ({error}); try .parquet") from error
        finally:
            part.unlink(missing_ok=True)
        return written

    def _refused(
        self, fates: NDArray[np.uint8], reasons: Mapping[int, str], units: Mapping[int, int]
    ) -> Iterator[pa.RecordBatch]:
        first = 0
        for numbers, batch in self._table.numbered_batches():
            here = fates[first : first + batch.num_rows]
            kept = np.flatnonzero(np.isin(here, np.array(list(reasons), dtype=np.uint8)))
            why = [reasons[int(fate)] for fate in here[kept]]
            left = [units.get(int(row) + first) for row in kept]
            own = (numbers[kept] + 1, why, left, [None] * len(kept))
            yield self._batch(own, batch.take(pa.array(kept)).columns)
            first += batch.num_rows
        if first != len(fates):
            raise BadInput(f"{self._table.path}: changed while it was imported; import it again")
        yield self._malformed(self._table.malformed)

    def _malformed(self, rows: Sequence[MalformedRow]) -> pa.RecordBatch:
        nothing = [None] * len(rows)
        numbers = [row.place + 1 for row in rows]
        own = (numbers, [MALFORMED] * len(rows), nothing, [row.text for row in rows])
        return self._batch(own, [pa.nulls(len(rows), field.type) for field in self._table.schema])

    def _batch(self, own: Sequence[object], columns: Sequence[pa.Array]) -> pa.RecordBatch:
        ours = [pa.array(values, field.type) for values, field in zip(own, _OWN, strict=True)]
        return pa.RecordBatch.from_arrays([*ours, *columns], schema=self._schema)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter | csv.CSVWriter:
    if path.suffix == ".parquet":
        return pq.ParquetWriter(path, schema, compression="zstd")
    return csv.CSVWriter(path, schema)
