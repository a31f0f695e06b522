"""Order lines of a file, gathered batch by batch and settled once all of them are known.

A cancellation refers back in time and an invoice's rows may lie apart, so nothing is final before
the last row. Until then a row is 45 bytes of numbers, and each distinct text is kept once.
"""

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.events.column_map import Rules
from shopwright.events.transaction_rows import (
    Codes,
    Encoded,
    Ints,
    RowBatch,
    RowReader,
    identifier,
    present,
    title,
)


class Table(NamedTuple):
    """Every row of the file, in file order. A code is an index into its list, -1 for none."""

    invoice: Codes
    sku: Codes
    description: Codes
    category: Codes
    customer: Codes
    occurred_us: Ints
    quantity: Ints
    price_minor: Ints
    fate: NDArray[np.uint8]
    invoices: Sequence[str]
    skus: Sequence[str]
    descriptions: Sequence[str]
    categories: Sequence[str]
    customers: Sequence[str]
    zone: tzinfo


class _Texts:
    """Numbers the distinct texts of a column, the same in every batch."""

    def __init__(self, tidy: Callable[[str], str | None]) -> None:
        self.values: list[str] = []
        self._tidy = tidy
        self._numbers: dict[str, int] = {}

    def number(self, column: Encoded) -> Codes:
        """Return each row's number; -1 where the text is absent or means nothing."""
        numbers = [self._number_of(text) for text in column.values]
        return np.array([*numbers, -1], dtype=np.int32)[column.codes]

    def _number_of(self, text: str) -> int:
        tidied = self._tidy(text)
        if tidied is None:
            return -1
        number = self._numbers.setdefault(tidied, len(self.values))
        if number == len(self.values):
            self.values.append(tidied)
        return number


_TEXTS: dict[str, Callable[[str], str | None]] = {
    "invoice": identifier,
    "sku": present,
    "description": title,
    "category": title,
    "customer_id": identifier,
}

_KINDS = (np.int32,) * len(_TEXTS) + (np.int64,) * 3 + (np.uint8,)


class Transactions:
    """Gathers the rows of one file."""

    def __init__(self, rules: Rules, currency: str, zone: tzinfo) -> None:
        self._reader = RowReader(rules, currency, zone)
        self._zone = zone
        self._texts = {role: _Texts(tidy) for role, tidy in _TEXTS.items()}
        self._columns: list[list[NDArray[np.generic]]] = [[] for _ in _KINDS]

    def add(self, batch: RowBatch) -> None:
        """Take the next rows of the file."""
        numbers = self._reader.read(batch)
        nothing = Encoded(np.full(len(numbers.fate), -1, dtype=np.int32), ())
        codes = [texts.number(batch.get(role, nothing)) for role, texts in self._texts.items()]
        parts: list[NDArray[np.generic]] = [*codes, *numbers]
        for column, part in zip(self._columns, parts, strict=True):
            column.append(part)

    def table(self) -> Table:
        """Return everything that was taken. The rows are handed over: take no more after this."""
        columns = []
        for kind, parts in zip(_KINDS, self._columns, strict=True):
            columns.append(np.concatenate([np.empty(0, kind), *parts]))
            parts.clear()  # so that no more than one column is held twice
        invoice, sku, description, category, customer, occurred_us, quantity, minor, fate = columns
        return Table(
            invoice=invoice,
            sku=sku,
            description=description,
            category=category,
            customer=customer,
            occurred_us=occurred_us,
            quantity=quantity,
            price_minor=minor,
            fate=fate,
            invoices=self._texts["invoice"].values,
            skus=self._texts["sku"].values,
            descriptions=self._texts["description"].values,
            categories=self._texts["category"].values,
            customers=self._texts["customer_id"].values,
            zone=self._zone,
        )
