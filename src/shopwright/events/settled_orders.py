"""Tells a settled file: its orders in the order of time, its products, and the counts of its rows.

A product and its variant are the sku. A line's id is its place in its invoice and never the invoice
number, because line ids are kept in the clear and order numbers are not.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from shopwright.events.imported import (
    ImportedLine,
    ImportedOrder,
    ImportedProduct,
    ImportedRefund,
)
from shopwright.events.settlement import OrderFate, Reversal, Settled
from shopwright.events.transaction_rows import Codes, Fate, Ints

_NOTHING = OrderFate(refunds=(), cancelled_us=None)
_TAKEN = (Fate.LINE, Fate.MATCHED, Fate.PARTLY_MATCHED)


class Counts(Struct, frozen=True, kw_only=True):
    """What became of a file's rows: rows = lines + matched + partly matched + all refused."""

    rows: int
    lines: int
    cancellations_matched: int
    cancellations_partly_matched: int
    refused: Mapping[str, int]
    """Rows by reason (``Fate.key``); a cancellation that matched nothing is refused."""
    unmatched_units: Mapping[str, int]
    """Units of cancellations for which no order was found, by reason."""
    orders: int
    guests: int
    """Orders that name no customer."""
    products: int
    refunds: int
    orders_cancelled: int


def counts(settled: Settled) -> Counts:
    """Count a settled file."""
    by_fate = np.bincount(settled.fate, minlength=len(Fate))
    ordered = np.unique(settled.table.invoice[settled.fate == Fate.LINE])
    units: dict[str, int] = {}
    for row, left in settled.unmatched_units.items():
        reason = Fate(int(settled.fate[row])).key
        units[reason] = units.get(reason, 0) + left
    return Counts(
        rows=len(settled.fate),
        lines=int(by_fate[Fate.LINE]),
        cancellations_matched=int(by_fate[Fate.MATCHED]),
        cancellations_partly_matched=int(by_fate[Fate.PARTLY_MATCHED]),
        refused={
            fate.key: int(by_fate[fate]) for fate in Fate if by_fate[fate] and fate not in _TAKEN
        },
        unmatched_units=units,
        orders=len(ordered),
        guests=int((settled.invoice_customer[ordered] < 0).sum()),
        products=len(np.unique(settled.table.sku[settled.fate == Fate.LINE])),
        refunds=sum(len(order.refunds) for order in settled.orders.values()),
        orders_cancelled=sum(order.cancelled_us is not None for order in settled.orders.values()),
    )


def orders(settled: Settled, currency: str) -> Iterator[ImportedOrder]:
    """Yield every order, by instant and then by invoice number; one is held at a time."""
    table = settled.table
    rows = np.flatnonzero(settled.fate == Fate.LINE)
    rows = rows[np.argsort(table.invoice[rows], kind="stable")]
    invoices, starts = np.unique(table.invoice[rows], return_index=True)
    ends = np.append(starts[1:], len(rows))
    in_time = np.lexsort((settled.invoice_rank[invoices], settled.invoice_us[invoices]))
    for place in in_time.tolist():
        invoice = int(invoices[place])
        fate = settled.orders.get(invoice, _NOTHING)
        yield ImportedOrder(
            order_id=table.invoices[invoice],
            customer_id=_named(table.customers, int(settled.invoice_customer[invoice])),
            occurred_us=int(settled.invoice_us[invoice]),
            currency=currency,
            lines=_lines(settled, rows[starts[place] : ends[place]]),
            refunds=tuple(_refund(settled, reversal) for reversal in fate.refunds),
            cancelled_us=fate.cancelled_us,
        )


def _named(texts: Sequence[str], code: int) -> str | None:
    return texts[code] if code >= 0 else None


def _lines(settled: Settled, rows: Ints) -> tuple[ImportedLine, ...]:
    table = settled.table
    columns = (
        settled.position[rows].tolist(),
        table.sku[rows].tolist(),
        table.description[rows].tolist(),
        table.quantity[rows].tolist(),
        table.price_minor[rows].tolist(),
    )
    return tuple(
        ImportedLine(
            line_id=str(position),
            product_id=table.skus[sku],
            variant_id=table.skus[sku],
            sku=table.skus[sku],
            title=_named(table.descriptions, description),
            quantity=quantity,
            unit_price_minor=minor,
        )
        for position, sku, description, quantity, minor in zip(*columns, strict=True)
    )


def _refund(settled: Settled, reversal: Reversal) -> ImportedRefund:
    lines = sorted(
        (int(settled.position[row]), units, minor) for row, (units, minor) in reversal.lines.items()
    )
    return ImportedRefund(
        refund_id=settled.table.invoices[reversal.invoice],
        known_us=reversal.known_us,
        lines=tuple((str(position), units, minor) for position, units, minor in lines),
    )


def products(settled: Settled) -> Iterator[ImportedProduct]:
    """Yield every product that was sold, by sku, as known from its first sale in the file.

    Title and category are those that most of its lines have; of equally many, the first in the
    alphabet. A product that no line names is called by its sku.
    """
    table = settled.table
    rows = np.flatnonzero(settled.fate == Fate.LINE)
    sku = table.sku[rows]
    first_us = np.full(len(table.skus), (1 << 63) - 1, dtype=np.int64)
    np.minimum.at(first_us, sku, settled.invoice_us[table.invoice[rows]])
    titles = _most_frequent(sku, table.description[rows], table.descriptions)
    categories = _most_frequent(sku, table.category[rows], table.categories)
    for code in sorted(np.unique(sku).tolist(), key=table.skus.__getitem__):
        yield ImportedProduct(
            product_id=table.skus[code],
            sku=table.skus[code],
            title=titles.get(code, table.skus[code]),
            category=categories.get(code, ""),
            known_us=int(first_us[code]),
        )


def _most_frequent(of: Codes, codes: Codes, texts: Sequence[str]) -> Mapping[int, str]:
    """Return, for each number in ``of``, the text that most of its rows have."""
    named = codes >= 0
    pairs, times = np.unique(
        of[named].astype(np.int64) * len(texts) + codes[named], return_counts=True
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for pair, count in zip(pairs.tolist(), times.tolist(), strict=True):
        owner, code = divmod(pair, len(texts))
        found.setdefault(owner, []).append((-count, texts[code]))
    return {owner: min(candidates)[1] for owner, candidates in found.items()}
