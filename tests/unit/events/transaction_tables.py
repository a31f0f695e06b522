"""Small tables of order lines for the tests of the rules that read them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from shopwright.events.column_map import Rules
from shopwright.events.settlement import Settled, settle
from shopwright.events.transaction_rows import Encoded, Fate
from shopwright.events.transactions import Transactions

LONDON = ZoneInfo("Europe/London")
RULES = Rules(merchandise=r"^\d")
ROLES = ("invoice", "sku", "quantity", "occurred_at", "unit_price", "customer_id", "description")


class Row(NamedTuple):
    """One row, as texts; None is an empty cell."""

    invoice: str | None = "1001"
    sku: str | None = "85048"
    quantity: str | None = "6"
    occurred_at: str | None = "2010-03-01 10:00"
    unit_price: str | None = "2.50"
    customer_id: str | None = "13085"
    description: str | None = "BLUE MUG"


def column(texts: Sequence[str | None]) -> Encoded:
    """Encode a column as an adapter does."""
    values = sorted({text for text in texts if text is not None})
    codes = [-1 if text is None else values.index(text) for text in texts]
    return Encoded(np.array(codes, dtype=np.int32), values)


def gather(rows: Sequence[Row], *, batch_rows: int = 100, rules: Rules = RULES) -> Transactions:
    """Feed rows to the gatherer in batches."""
    transactions = Transactions(rules, "GBP", LONDON)
    for first in range(0, len(rows), batch_rows):
        part = rows[first : first + batch_rows]
        transactions.add({role: column([getattr(row, role) for row in part]) for role in ROLES})
    return transactions


def settled(rows: Sequence[Row], *, batch_rows: int = 100, rules: Rules = RULES) -> Settled:
    """Gather and settle rows."""
    return settle(gather(rows, batch_rows=batch_rows, rules=rules).table())


def fates(found: Settled) -> list[Fate]:
    """Return the fate of each row."""
    return [Fate(int(fate)) for fate in found.fate]


def minute(number: int) -> str:
    """Return a local minute of 1 March 2010 and the days after it."""
    return (datetime(2010, 3, 1) + timedelta(minutes=number)).strftime("%Y-%m-%d %H:%M")
