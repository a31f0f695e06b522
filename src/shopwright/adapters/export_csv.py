"""Shopify's CSV exports of orders and customers, row by row: they may be larger than memory."""

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from shopwright.core.errors import BadInput
from shopwright.core.types.exported import ExportRow

CELL_CHARACTERS_MAX = 1 << 20


class ExportCsv:
    """One file, in UTF-8; ``.gz`` is unpacked. It gives the same rows at each reading."""

    def __init__(self, path: Path, needed: Sequence[str]) -> None:
        """Raises BadInput for a file without these columns."""
        self._path = path
        try:
            with self._open() as file:
                self.columns = [name.strip() for name in next(csv.reader(file), [])]
        except (OSError, UnicodeDecodeError, csv.Error, EOFError) as error:
            raise BadInput(f"{path}: cannot be read as a CSV file in UTF-8: {error}") from error
        missing = [name for name in needed if name not in self.columns]
        if missing:
            raise BadInput(
                f"{path}: lacks {', '.join(missing)}; expected a file that Shopify exported as it "
                "stands (docs/importing.md)"
            )

    def rows(self) -> Iterator[ExportRow]:
        """Yield every row. Raises BadInput where the file cannot be read on."""
        csv.field_size_limit(CELL_CHARACTERS_MAX)
        try:
            with self._open() as file:
                reader = csv.reader(file, strict=True)
                next(reader, None)
                begins = reader.line_num + 1
                for cells in reader:
                    if cells:
                        yield self._row(begins, cells)
                    begins = reader.line_num + 1
        except (OSError, UnicodeDecodeError, csv.Error, EOFError) as error:
            raise BadInput(f"{self._path}: cannot be read on: {error}") from error

    def _row(self, line: int, cells: Sequence[str]) -> ExportRow:
        if len(cells) != len(self.columns):
            return ExportRow(line, {})
        # Shopify writes ' before what a spreadsheet would take for a number or a formula.
        plain = (one.removeprefix("'") for one in cells)
        return ExportRow(line, dict(zip(self.columns, plain, strict=True)))

    @contextmanager
    def _open(self) -> Iterator[TextIO]:
        with self._path.open("rb") as raw:
            unpacked = gzip.GzipFile(fileobj=raw) if self._path.suffix == ".gz" else raw
            with io.TextIOWrapper(unpacked, "utf-8-sig", newline="") as text:
                yield text
