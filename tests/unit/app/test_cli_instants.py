"""Instants on the command line: ISO, and a bare date is midnight in the store's zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.app.cli.options import instant_or_now, read_instant
from shopwright.core.clock import SimulatedClock, from_datetime, iso
from shopwright.core.errors import BadInput

GOOD = [
    ("2026-11-23", "UTC", "2026-11-23T00:00:00.000000Z"),
    ("2026-11-23", "Europe/London", "2026-11-23T00:00:00.000000Z"),
    ("2026-06-23", "Europe/London", "2026-06-22T23:00:00.000000Z"),
    ("2026-11-23", "Asia/Kolkata", "2026-11-22T18:30:00.000000Z"),
    ("2026-11-23T18:30:00Z", "Asia/Kolkata", "2026-11-23T18:30:00.000000Z"),
    ("2026-11-23T18:30:00.123456+01:00", "UTC", "2026-11-23T17:30:00.123456Z"),
    ("2026-11-23 18:30+01:00", "UTC", "2026-11-23T17:30:00.000000Z"),
    # Clocks went forward at midnight: the day begins at 01:00, which is the same instant.
    ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000000Z"),
    # Clocks went back at midnight: 00:00 came twice, and the day began with the first.
    ("2011-11-06", "America/Havana", "2011-11-06T04:00:00.000000Z"),
]


@pytest.mark.parametrize(("text", "zone", "instant"), GOOD)
def test_an_instant_is_read(text: str, zone: str, instant: str) -> None:
    assert iso(read_instant(text, zone)) == instant


BAD = [
    "",
    "yesterday",
    "2026-13-01",
    "2026-02-30",
    "23.11.2026",
    "2026-11-23T25:00Z",
    "２０２６-11-23",
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is not an instant; expected 2026-11-23 or 2026"):
        read_instant(text, "UTC")


def test_a_time_of_day_without_a_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="has no time zone; add Z for UTC"):
        read_instant("2026-11-23T18:30:00", "Europe/London")


@given(
    day=st.dates(date(1971, 1, 1), date(2099, 12, 31)),
    zone=st.sampled_from(
        ["UTC", "Europe/Vienna", "Asia/Kathmandu", "America/Havana", "Africa/Cairo"]
    ),
)
def test_a_date_begins_at_the_first_instant_of_that_day(day: date, zone: str) -> None:
    start = read_instant(day.isoformat(), zone)
    here = ZoneInfo(zone)

    def local(us: int) -> date:
        return (
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).astimezone(here).date()
        )

    assert local(start) == day
    assert local(start - 1) == day - timedelta(days=1)


def test_now_is_the_clock_and_the_future_is_refused() -> None:
    now = SimulatedClock(from_datetime(datetime(2026, 11, 23, tzinfo=UTC)))
    assert instant_or_now(None, "UTC", now) == now.now_us()
    assert instant_or_now("2026-11-23", "UTC", now) == now.now_us()
    with pytest.raises(BadInput, match="lies in the future"):
        instant_or_now("2026-11-24", "UTC", now)
