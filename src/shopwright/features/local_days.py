"""Days of a store's own calendar: where each begins, and which one an instant lies in.

A day is numbered from 1970-01-01 in the store's zone and is [its midnight, the next midnight), so
it has 23 or 25 hours where clocks change. A midnight that a zone skips is the instant after it.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND

_FIRST = date(1970, 1, 1)


@lru_cache(maxsize=16_384)
def midnight_us(zone: str, day: int) -> int:
    """Return the instant at which a day begins. Raises OverflowError beyond the year 9999."""
    local = datetime.combine(_FIRST + timedelta(days=day), time(), ZoneInfo(zone))
    # Between two times of one zone Python subtracts clocks, not instants.
    return int((local.astimezone(UTC) - _EPOCH).total_seconds()) * US_PER_SECOND


def day_of(zone: str, us: int) -> int:
    """Return the day that an instant lies in."""
    # Zones lie within a day of UTC: the local day is that of UTC, the one before or after it.
    utc_day = us // US_PER_DAY
    midnights = [midnight_us(zone, utc_day + step) for step in (0, 1)]
    return utc_day - 1 + bisect_right(midnights, us)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
