"""One row of Shopify's orders export, as text; what the file calls its columns."""

from collections.abc import Mapping
from typing import NamedTuple


class ExportRow(NamedTuple):
    """A row below the header."""

    line: int
    """Line of the file on which it begins, counted from 1."""
    cells: Mapping[str, str]
    """By column; an empty cell is an empty text. Without columns the row could not be split."""
