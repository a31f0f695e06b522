"""Dates of Shopify: exact to the microsecond, and nothing without an offset."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.clock import from_datetime, to_datetime
from shopwright.events.instant import instant_us

offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))
instants = st.datetimes(
    min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31), timezones=offsets
)


@given(instants)
def test_every_offset_and_microsecond_is_read_exactly(instant: datetime) -> None:
    assert instant_us(instant.isoformat()) == from_datetime(instant)


@given(st.integers(0, 4_000_000_000_000_000), st.text("0123456789", max_size=3))
def test_digits_below_a_microsecond_are_cut(us: int, below: str) -> None:
    text = to_datetime(us).strftime("%Y-%m-%dT%H:%M:%S.%f")
    assert instant_us(f"{text}{below}Z") == us


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-29T02:30:00+02:00", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        ("2005-05-05T05:00:00.5Z", datetime(2005, 5, 5, 5, 0, 0, 500_000, tzinfo=UTC)),
        ("1969-12-31T23:59:59Z", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-01-01T00:00:00-05:30", datetime(2026, 1, 1, 5, 30, tzinfo=UTC)),
    ],
)
def test_known_dates(text: str, expected: datetime) -> None:
    assert instant_us(text) == from_datetime(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-02",
        "2026-03-02T12:00:00",
        "2026-03-02 12:00:00Z",
        "2026-03-02T12:00Z",
        "2026-02-30T12:00:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T12:00:60Z",
        "2026-03-02T12:00:00+24:00",
        "2026-03-02T12:00:00+01:60",
        "2026-03-02T12:00:00+0100",
        "2026-03-02T12:00:00.1234567890Z",
        "2026-03-02T12:00:00,5Z",
        "2026-03-02T12:00:00Z\n",
        "0000-01-01T00:00:00Z",
        "２０２６-03-02T12:00:00Z",
        "1740916800",
        "yesterday",
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    assert instant_us(text) is None
