"""How long a version of the Admin API is answered: at least twelve months from its first day.

https://shopify.dev/docs/api/usage/versioning
"""

from datetime import UTC, datetime

from shopwright.core.clock import US_PER_DAY, from_datetime

WARN_DAYS = 60
"""So long before its end a version's user should know."""


def days_left(version: str, now_us: int) -> int:
    """Return how many whole days a version such as ``2026-10`` is sure to be answered."""
    year, month = (int(part) for part in version.split("-"))
    ends_us = from_datetime(datetime(year + 1, month, 1, tzinfo=UTC))
    return (ends_us - now_us) // US_PER_DAY
