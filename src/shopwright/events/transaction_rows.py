"""Reads the texts of a table's rows as numbers, and says why a row is not a sale.

A column arrives dictionary-encoded, so that a text which a million rows share is read once.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from shopwright.core.clock import from_datetime
from shopwright.core.money import exponent
from shopwright.events.column_map import Rules
from shopwright.events.reading import TEXT_LENGTH_MAX, UNITS_MAX

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Flags = NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)

QUANTITY_MAX = UNITS_MAX
FIRST_YEAR, LAST_YEAR = 1900, 2999
LINE_MINOR_MAX = 10**13
"""Gross of one line. A customer's sum stays inside 64 bits up to 900,000 lines of this size."""

_WHOLE = re.compile(r"([+-]?\d{1,18})(?:\.0*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{0,20})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_FLOAT_ID = re.compile(r"(\d+)\.0+", re.ASCII)
_ABSENT = frozenset(["", "nan", "null", "none", "na", "n/a", "<na>"])


class Encoded(NamedTuple):
    """A column of texts: each row's index into the distinct values, -1 where it has none."""

    codes: Codes
    values: Sequence[str]


RowBatch = Mapping[str, Encoded]
"""Some consecutive rows by role (see ``column_map.Columns``), texts as they stand in the file."""


class Fate(IntEnum):
    """What became of a row. The first that applies is the row's only one."""

    LINE = 0
    MATCHED = 1
    PARTLY_MATCHED = 2
    NO_INVOICE = 3
    NO_SKU = 4
    UNUSABLE_TEXT = 22
    UNREADABLE_DATE = 5
    UNREADABLE_QUANTITY = 6
    UNREADABLE_PRICE = 7
    LEDGER_ADJUSTMENT = 8
    POSITIVE_CANCELLATION = 9
    NOT_MERCHANDISE = 10
    ZERO_QUANTITY = 11
    NEGATIVE_QUANTITY = 12
    ZERO_PRICE = 13
    NEGATIVE_PRICE = 14
    PRICE_BELOW_MINOR_UNIT = 15
    NUMBER_TOO_LARGE = 16
    OTHER_CUSTOMER = 17
    CANCELLATION_WITHOUT_CUSTOMER = 18
    CANCELLATION_WITHOUT_ORDER = 19
    CANCELLATION_WITHOUT_UNITS = 20
    CANCELLATION = 21
    """Not settled yet: becomes matched, partly matched or one of the three above."""

    @property
    def key(self) -> str:
        """Its name in reports: ``zero_price``."""
        return self.name.lower()


SAYS: Mapping[Fate, str] = {
    Fate.LINE: "a line of an order",
    Fate.MATCHED: "a cancellation; every unit belongs to an order",
    Fate.PARTLY_MATCHED: "a cancellation of more units than earlier orders have left",
    Fate.NO_INVOICE: "no invoice number",
    Fate.NO_SKU: "no sku",
    Fate.UNUSABLE_TEXT: "an id holds a null character or is longer than 1,000 characters",
    Fate.UNREADABLE_DATE: "the date cannot be read, or is not of the years 1900 to 2999",
    Fate.UNREADABLE_QUANTITY: "the quantity is not a whole number",
    Fate.UNREADABLE_PRICE: "the unit price is not a number",
    Fate.LEDGER_ADJUSTMENT: "a ledger adjustment",
    Fate.POSITIVE_CANCELLATION: "a cancellation with a positive quantity",
    Fate.NOT_MERCHANDISE: "the sku is not merchandise",
    Fate.ZERO_QUANTITY: "the quantity is zero",
    Fate.NEGATIVE_QUANTITY: "a negative quantity that is not a cancellation",
    Fate.ZERO_PRICE: "the unit price is zero",
    Fate.NEGATIVE_PRICE: "the unit price is negative",
    Fate.PRICE_BELOW_MINOR_UNIT: "the unit price is below half a minor unit",
    Fate.NUMBER_TOO_LARGE: "quantity or price is too large to be true",
    Fate.OTHER_CUSTOMER: "names another customer than its invoice",
    Fate.CANCELLATION_WITHOUT_CUSTOMER: "a cancellation that names no customer",
    Fate.CANCELLATION_WITHOUT_ORDER: "a cancellation without an earlier order of this product",
    Fate.CANCELLATION_WITHOUT_UNITS: "a cancellation of units that earlier orders no longer have",
}


class Numbers(NamedTuple):
    """A batch as numbers. A row whose fate is neither LINE nor CANCELLATION may hold zeros."""

    occurred_us: Ints
    quantity: Ints
    price_minor: Ints
    fate: NDArray[np.uint8]


def present(text: str) -> str | None:
    """Return the text without space around it, or None for one that means "nothing"."""
    stripped = text.strip()
    return None if stripped.casefold() in _ABSENT else stripped


def title(text: str) -> str | None:
    """Return a text for people, without null characters, cut to what a product can be called."""
    found = present(text.replace("\x00", ""))
    return found[:TEXT_LENGTH_MAX] if found else None


def identifier(text: str) -> str | None:
    """Return an id; a whole number that a spreadsheet made a float (``13085.0``) loses its tail."""
    found = present(text)
    match = _FLOAT_ID.fullmatch(found) if found else None
    return match[1] if match else found


def whole(text: str) -> int | None:
    """Return a whole number (``12``, ``12.0``), or None."""
    match = _WHOLE.fullmatch(text.strip())
    return int(match[1]) if match else None


def instant_us(text: str, zone: tzinfo, date_format: str = "") -> int | None:
    """Return epoch microseconds of a date, or None when it cannot be read.

    A date without a zone is the store's wall clock. An hour that the clock showed twice is its
    first showing, one that it skipped is moved on by the length of the gap: what PEP 495 calls
    ``fold=0``. A bare date is midnight. Years before 1900 and after 2999 are slips of the pen.
    """
    try:
        stripped = text.strip()
        read = (
            datetime.strptime(stripped, date_format)  # noqa: DTZ007 - the zone is given below
            if date_format
            else datetime.fromisoformat(stripped)
        )
    except (ValueError, OverflowError):
        return None
    if not FIRST_YEAR <= read.year <= LAST_YEAR:
        return None
    return from_datetime(read if read.tzinfo else read.replace(tzinfo=zone))


def price(text: str) -> Decimal | None:
    """Return a price exactly as it is written, or None for anything but a plain number."""
    stripped = text.strip()
    return Decimal(stripped) if _NUMBER.fullmatch(stripped) else None


def to_minor(amount: Decimal, currency: str) -> int:
    """Return minor units, rounded half to even from the decimal digits, never from a float."""
    scaled = amount.scaleb(exponent(currency))
    return int(scaled.to_integral_value(rounding="ROUND_HALF_EVEN"))


class RowReader:
    """Reads batches of one file under its rules, in the store's currency and time zone."""

    def __init__(self, rules: Rules, currency: str, zone: tzinfo) -> None:
        self._rules = rules
        self._currency = currency
        self._zone = zone
        self._merchandise = re.compile(rules.merchandise)

    def read(self, batch: RowBatch) -> Numbers:
        """Return the batch as numbers, each row with its fate so far."""
        rules = self._rules
        no_date, occurred = _numbers(
            batch["occurred_at"], lambda t: instant_us(t, self._zone, rules.date_format)
        )
        no_quantity, quantity = _numbers(batch["quantity"], whole)
        no_price, minor, sign = self._prices(batch["unit_price"])
        cancels = _where(batch["invoice"], self._is_cancellation)
        too_large = np.abs(quantity) > np.minimum(
            QUANTITY_MAX, LINE_MINOR_MAX // np.maximum(np.abs(minor), 1)
        )
        first_that_applies = [
            (Fate.NO_INVOICE, _where(batch["invoice"], lambda t: present(t) is None, absent=True)),
            (Fate.NO_SKU, _where(batch["sku"], lambda t: present(t) is None, absent=True)),
            (Fate.UNUSABLE_TEXT, self._unusable(batch)),
            (Fate.LEDGER_ADJUSTMENT, _where(batch["invoice"], self._is_ledger)),
            (Fate.UNREADABLE_DATE, no_date),
            (Fate.UNREADABLE_QUANTITY, no_quantity),
            (Fate.UNREADABLE_PRICE, no_price),
            (Fate.POSITIVE_CANCELLATION, cancels & (quantity > 0)),
            (Fate.NOT_MERCHANDISE, _where(batch["sku"], self._is_not_merchandise)),
            (Fate.ZERO_QUANTITY, quantity == 0),
            (Fate.NEGATIVE_QUANTITY, ~cancels & (quantity < 0)),
            (Fate.NEGATIVE_PRICE, sign < 0),
            (Fate.NUMBER_TOO_LARGE, too_large),
            (Fate.CANCELLATION, cancels),
            (Fate.ZERO_PRICE, sign == 0),
            (Fate.PRICE_BELOW_MINOR_UNIT, minor == 0),
        ]
        fate = np.select(
            [flags for _, flags in first_that_applies],
            [np.uint8(name) for name, _ in first_that_applies],
            default=np.uint8(Fate.LINE),
        ).astype(np.uint8)
        return Numbers(occurred, quantity, minor, fate)

    def _unusable(self, batch: RowBatch) -> Flags:
        ids = (batch[role] for role in ("invoice", "sku", "customer_id") if role in batch)
        found: Flags = np.logical_or.reduce([_where(column, _is_unusable) for column in ids])
        return found

    def _prices(self, column: Encoded) -> tuple[Flags, Ints, Ints]:
        read = [price(text) for text in column.values]
        unreadable = np.array([amount is None for amount in read], dtype=np.bool_)
        minor = [
            0 if amount is None else _capped(to_minor(amount, self._currency)) for amount in read
        ]
        sign = [0 if amount is None else (amount > 0) - (amount < 0) for amount in read]
        return (
            _spread(column.codes, unreadable, absent=True),
            _spread(column.codes, np.array(minor, dtype=np.int64), absent=0),
            _spread(column.codes, np.array(sign, dtype=np.int64), absent=0),
        )

    def _is_cancellation(self, invoice: str) -> bool:
        prefix = self._rules.cancellation_prefix
        return bool(prefix) and invoice.strip().startswith(prefix)

    def _is_ledger(self, invoice: str) -> bool:
        return invoice.strip().startswith(self._rules.ledger_prefixes)

    def _is_not_merchandise(self, sku: str) -> bool:
        return self._merchandise.search(sku.strip()) is None


def _is_unusable(text: str) -> bool:
    return "\x00" in text or len(text.strip()) > TEXT_LENGTH_MAX


def _capped(minor: int) -> int:
    """Keep an absurd price inside 64 bits; it stays above every limit, so its row is refused."""
    return max(-LINE_MINOR_MAX - 1, min(LINE_MINOR_MAX + 1, minor))


def _numbers(column: Encoded, read: Callable[[str], int | None]) -> tuple[Flags, Ints]:
    found = [read(text) for text in column.values]
    unreadable = np.array([number is None for number in found], dtype=np.bool_)
    values = np.array([0 if number is None else number for number in found], dtype=np.int64)
    return _spread(column.codes, unreadable, absent=True), _spread(column.codes, values, absent=0)


def _where(column: Encoded, holds: Callable[[str], bool], *, absent: bool = False) -> Flags:
    flags = np.array([holds(text) for text in column.values], dtype=np.bool_)
    return _spread(column.codes, flags, absent=absent)


def _spread(codes: Codes, of_values: NDArray[T], *, absent: bool | int) -> NDArray[T]:
    """Give each row the number of its value."""
    return np.append(of_values, of_values.dtype.type(absent))[codes]
