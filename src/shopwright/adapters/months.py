"""The month in which history is filed: that of the order's ``occurred_us``, UTC."""

from shopwright.core.clock import to_datetime

PRODUCTS = "all"
"""Products are few and have no instant of their own: one partition a store."""


def month_of(occurred_us: int) -> str:
    """Return the month of an instant: ``2026-11``."""
    instant = to_datetime(occurred_us)
    return f"{instant.year:04}-{instant.month:02}"
