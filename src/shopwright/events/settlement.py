"""Settles a file of order lines: which invoice is whose, and what each cancellation takes back.

An invoice is an order, or a cancellation. It is one document with one instant, the earliest of
its rows, and one customer, the first that a row names. Nothing here depends on how the rows of
different invoices are interleaved: equal instants are told apart by the invoice number.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.core.clock import to_datetime
from shopwright.events.cancellations import Match, Units, match
from shopwright.events.transaction_rows import Codes, Fate, Flags, Ints
from shopwright.events.transactions import Table

_NEVER_US = (1 << 63) - 1


class Taken(NamedTuple):
    """What one cancellation took of one line, by row number."""

    line: int
    cancellation: int
    units: int
    minor: int
    """Units × the cancellation's price, at most what the line has left."""


class Reversal(NamedTuple):
    """What a cancelling invoice took of one order."""

    invoice: int
    known_us: int
    lines: Mapping[int, tuple[int, int]]
    """Row number of the line to (units, minor units)."""


class OrderFate(NamedTuple):
    """What was taken back of one order: its refunds, or its cancellation."""

    refunds: tuple[Reversal, ...]
    cancelled_us: int | None


class Settled(NamedTuple):
    """A table whose every row has its final fate."""

    table: Table
    fate: NDArray[np.uint8]
    position: Ints
    """1, 2 … within the row's invoice, refused rows counted too."""
    invoice_us: Ints
    """Instant of each invoice; no meaning for one whose rows were all refused."""
    invoice_rank: Ints
    """Place of each invoice among the sorted invoice numbers."""
    invoice_customer: Codes
    orders: Mapping[int, OrderFate]
    """By invoice; an order of which nothing was taken back is left out."""
    unmatched_units: Mapping[int, int]
    """Row number of a cancellation to the units for which no line was found."""


def settle(table: Table) -> Settled:
    """Return the table with every row's fate, and what was taken back of each order."""
    fate = table.fate.copy()
    customer = _customers(table, fate)
    instant = _instants(table, fate)
    rank = _ranks(table)
    position = _positions(table.invoice)
    order = np.lexsort((position, rank[table.invoice], instant[table.invoice]))
    taken = _match(table, fate, order, customer, instant)
    return Settled(
        table=table,
        fate=fate,
        position=position,
        invoice_us=instant,
        invoice_rank=rank,
        invoice_customer=customer,
        orders=_order_fates(table, fate, instant, taken),
        unmatched_units=_unmatched(table, fate, taken),
    )


# What is known of each invoice is one entry longer than the invoices: code -1, a row without an
# invoice number, finds the last entry.


def _in_play(fate: NDArray[np.uint8]) -> Flags:
    found: Flags = (fate == Fate.LINE) | (fate == Fate.CANCELLATION)
    return found


def _customers(table: Table, fate: NDArray[np.uint8]) -> Codes:
    """Return each invoice's customer, and refuse the rows that name another one."""
    customer = np.full(len(table.invoices) + 1, -1, dtype=np.int32)
    named = np.flatnonzero(_in_play(fate) & (table.customer >= 0))[::-1]
    customer[table.invoice[named]] = table.customer[named]  # the first row is written last
    others = named[customer[table.invoice[named]] != table.customer[named]]
    fate[others] = Fate.OTHER_CUSTOMER
    return customer


def _instants(table: Table, fate: NDArray[np.uint8]) -> Ints:
    instant = np.full(len(table.invoices) + 1, _NEVER_US, dtype=np.int64)
    rows = np.flatnonzero(_in_play(fate))
    np.minimum.at(instant, table.invoice[rows], table.occurred_us[rows])
    return instant


def _ranks(table: Table) -> Ints:
    many = len(table.invoices)
    rank = np.full(many + 1, many, dtype=np.int64)
    rank[sorted(range(many), key=table.invoices.__getitem__)] = np.arange(many)
    return rank


def _positions(invoice: Codes) -> Ints:
    by_invoice = np.argsort(invoice, kind="stable")
    ordered = invoice[by_invoice]
    first = np.searchsorted(ordered, ordered, side="left")
    position = np.empty(len(invoice), dtype=np.int64)
    position[by_invoice] = np.arange(len(invoice)) - first + 1
    return position


def _match(
    table: Table, fate: NDArray[np.uint8], order: Ints, customer: Codes, instant: Ints
) -> list[Taken]:
    """Match every cancellation that names a customer, and give each its fate."""
    whose = customer[table.invoice]
    key = whose.astype(np.int64) * len(table.skus) + table.sku
    cancels = (fate == Fate.CANCELLATION) & (whose >= 0)
    lines = (fate == Fate.LINE) & (whose >= 0) & np.isin(key, np.unique(key[cancels]))
    line_rows, cancel_rows = order[lines[order]], order[cancels[order]]
    sold = _units(key, instant[table.invoice], table.quantity, line_rows)
    back = _units(key, instant[table.invoice], -table.quantity, cancel_rows)
    matches = match(sold, back)
    fate[fate == Fate.CANCELLATION] = Fate.CANCELLATION_WITHOUT_CUSTOMER
    fate[cancel_rows] = _fates(sold, back, matches)
    return _priced(table, matches, line_rows, cancel_rows)


def _units(key: Ints, at_us: Ints, units: Ints, rows: Ints) -> list[Units]:
    columns = (key[rows].tolist(), at_us[rows].tolist(), units[rows].tolist())
    return [Units(*row) for row in zip(*columns, strict=True)]


def _fates(sold: list[Units], back: list[Units], matches: list[Match]) -> list[Fate]:
    taken: Counter[int] = Counter()
    for found in matches:
        taken[found.cancellation] += found.units
    first_us: dict[int, int] = {}
    for line in sold:
        first_us.setdefault(line.key, line.at_us)
    return [
        _fate_of(cancelled, taken[number], first_us.get(cancelled.key, _NEVER_US))
        for number, cancelled in enumerate(back)
    ]


def _fate_of(cancelled: Units, taken: int, first_sold_us: int) -> Fate:
    if taken:
        return Fate.MATCHED if taken == cancelled.units else Fate.PARTLY_MATCHED
    if first_sold_us > cancelled.at_us:
        return Fate.CANCELLATION_WITHOUT_ORDER
    return Fate.CANCELLATION_WITHOUT_UNITS


def _priced(table: Table, matches: list[Match], line_rows: Ints, cancel_rows: Ints) -> list[Taken]:
    """Turn matches into money: a line never gives back more than it brought in."""
    left: dict[int, int] = {}
    taken = []
    for found in matches:
        line, cancellation = int(line_rows[found.line]), int(cancel_rows[found.cancellation])
        if line not in left:
            left[line] = int(table.quantity[line] * table.price_minor[line])
        minor = min(left[line], found.units * int(table.price_minor[cancellation]))
        left[line] -= minor
        taken.append(Taken(line, cancellation, found.units, minor))
    return taken


def _order_fates(
    table: Table, fate: NDArray[np.uint8], instant: Ints, taken: list[Taken]
) -> Mapping[int, OrderFate]:
    reversals: dict[int, dict[int, dict[int, tuple[int, int]]]] = defaultdict(dict)
    for part in taken:
        of_order = reversals[int(table.invoice[part.line])]
        lines = of_order.setdefault(int(table.invoice[part.cancellation]), {})
        units, minor = lines.get(part.line, (0, 0))
        lines[part.line] = (units + part.units, minor + part.minor)
    ordered_units = np.zeros(len(table.invoices), dtype=np.int64)
    rows = np.flatnonzero(fate == Fate.LINE)
    np.add.at(ordered_units, table.invoice[rows], table.quantity[rows])
    return {
        order: _order_fate(
            table,
            int(instant[order]),
            int(ordered_units[order]),
            tuple(Reversal(c, int(instant[c]), lines) for c, lines in of_order.items()),
        )
        for order, of_order in reversals.items()
    }


def _order_fate(
    table: Table, occurred_us: int, units: int, reversals: tuple[Reversal, ...]
) -> OrderFate:
    """An order that was wholly taken back on its own day was never a purchase: it is cancelled."""
    day = to_datetime(occurred_us).astimezone(table.zone).date()
    same_day = [
        r for r in reversals if to_datetime(r.known_us).astimezone(table.zone).date() == day
    ]
    if sum(n for reversal in same_day for n, _ in reversal.lines.values()) == units:
        return OrderFate(refunds=(), cancelled_us=max(r.known_us for r in same_day))
    return OrderFate(refunds=reversals, cancelled_us=None)


def _unmatched(table: Table, fate: NDArray[np.uint8], taken: list[Taken]) -> Mapping[int, int]:
    without = (
        Fate.PARTLY_MATCHED,
        Fate.CANCELLATION_WITHOUT_CUSTOMER,
        Fate.CANCELLATION_WITHOUT_ORDER,
        Fate.CANCELLATION_WITHOUT_UNITS,
    )
    rows = np.flatnonzero(np.isin(fate, np.array(without, dtype=np.uint8)))
    left = dict(zip(rows.tolist(), (-table.quantity[rows]).tolist(), strict=True))
    for part in taken:
        if part.cancellation in left:
            left[part.cancellation] -= part.units
    return left
