"""Reads Shopify's dates: RFC 3339 with an offset, as epoch microseconds, exactly."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from shopwright.core.clock import US_PER_SECOND, from_datetime

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)


@lru_cache(maxsize=16_384)
def instant_us(text: str) -> int | None:
    """Return the instant, or None for anything but an RFC 3339 date with time and offset.

    Digits below a microsecond are cut, not rounded: an instant never moves into the future.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, off_hours, off_minutes = match.groups()
    try:
        local = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    us = from_datetime(local) + int((fraction or "").ljust(6, "0")[:6])
    if sign is None:
        return us
    if off_hours > "23" or off_minutes > "59":
        return None
    offset_us = (int(off_hours) * 3_600 + int(off_minutes) * 60) * US_PER_SECOND
    return us - offset_us if sign == "+" else us + offset_us
