"""Rows of a CSV file as text, in bounded batches; a row that cannot be split is kept aside."""

import codecs
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import csv

from shopwright.core.errors import BadInput

BLOCK_BYTES = 4 << 20
"""A row longer than this is refused: it is a quoted field that is never closed."""
MALFORMED_MAX = 100_000
TEXT_MAX = 1_000
"""Characters kept of a malformed row."""
_DELIMITERS = ",;\t|"
_END = "\x1eend of table\x1e"


class MalformedRow(NamedTuple):
    """A row with more or fewer fields than the header."""

    place: int
    """0-based, among all rows below the header."""
    text: str


class CsvReader:
    """One CSV file with a header, in UTF-8, separated by comma, semicolon, tab or bar.

    Compression is told by the name (``.gz``, ``.bz2``, ``.zst``).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.malformed: list[MalformedRow] = []
        """Rows kept aside by the reading under way, or by the last one."""
        self._delimiter = _delimiter(self._first_line())
        self.columns: Sequence[str] = tuple(self._open(None).schema.names)
        self.malformed = []

    def batches(self, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        """Yield the well-formed rows, every cell as text; None reads every column.

        Raises BadInput where the file cannot be read on, and at its end when its last quoted
        field was never closed: the rows inside that field would be lost without a word.
        """
        self.malformed = []
        wanted = list(columns) if columns is not None else list(self.columns)
        held: pa.RecordBatch | None = None
        try:
            for batch in self._open(wanted):
                if held is not None and held.num_rows:
                    yield held
                held = batch
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise self._broken(error) from error
        if held is None or not held.num_rows or held.column(0)[-1].as_py() != _END:
            raise BadInput(f"{self._path}: a quoted field is never closed; mend the file")
        if held.num_rows > 1:
            yield held.slice(0, held.num_rows - 1)

    def _open(self, wanted: Sequence[str] | None) -> csv.CSVStreamingReader:
        names = self.columns if wanted is not None else []
        end = self._delimiter.join([_END] * len(names))
        stream = _Followed(self._input(), f"\n{end}\n".encode() if names else b"")
        try:
            return csv.open_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
                parse_options=csv.ParseOptions(
                    delimiter=self._delimiter,
                    newlines_in_values=True,
                    invalid_row_handler=self._keep_aside,
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=list(dict.fromkeys(wanted)) if wanted is not None else None,
                    strings_can_be_null=False,
                ),
            )
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise self._broken(error) from error

    def _keep_aside(self, row: Any) -> str:
        if len(self.malformed) >= MALFORMED_MAX:
            return "error"
        # pyarrow counts the header as row 1
        self.malformed.append(MalformedRow(row.number - 2, row.text[:TEXT_MAX]))
        return "skip"

    def _first_line(self) -> str:
        with self._input() as file:
            return bytes(file.read(1 << 16)).split(b"\n", 1)[0].decode(errors="replace")

    def _input(self) -> pa.NativeFile:
        try:
            return pa.input_stream(str(self._path))
        except (pa.ArrowException, OSError) as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> BadInput:
        if "UTF8" in str(error) or isinstance(error, UnicodeDecodeError):
            return BadInput(
                f"{self._path}: not UTF-8 ({error}); "
                f"convert it, as with `iconv -f ISO-8859-1 -t UTF-8`"
            )
        if "straddl" in str(error):
            return BadInput(
                f"{self._path}: a row is longer than {BLOCK_BYTES >> 20} MiB: "
                f"a quoted field is never closed; mend the file"
            )
        return BadInput(f"{self._path}: not a readable CSV table ({error}); mend the file")


class _Followed(io.RawIOBase):
    """A stream and, after its end, a row that proves that nothing swallowed the end.

    It is decoded on its way: Arrow looks only at the columns that are asked for, and cannot hand
    over a malformed row that is no UTF-8.
    """

    def __init__(self, stream: Any, last: bytes) -> None:
        self._stream = stream
        self._last = last
        self._decode = codecs.getincrementaldecoder("utf-8")().decode

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = bytes(self._stream.read(size if size >= 0 else None))
        self._decode(data, final=not data)
        if data or not self._last:
            return data
        last, self._last = self._last, b""
        return last

    def close(self) -> None:
        self._stream.close()
        super().close()


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)
