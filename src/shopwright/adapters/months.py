"""The months in which history is filed, UTC: of an order, and of what is kept of stock."""

from collections.abc import Iterable

from shopwright.core.clock import to_datetime
from shopwright.core.types.ledger import STOCK, Document, MonthPartition
from shopwright.events import stock


def month_of(occurred_us: int) -> str:
    """Return the month of an instant: ``2026-11``."""
    instant = to_datetime(occurred_us)
    return f"{instant.year:04}-{instant.month:02}"


def stock_months_of(documents: Iterable[Document]) -> set[MonthPartition]:
    """Return the partitions of those documents that keep a month of stock."""
    return {
        MonthPartition(document.store_id, f"{STOCK}{stock.month_of(document)}")
        for document in documents
        if document.kind == stock.PAST
    }
