"""Days of a store's calendar: they tile time, also where clocks change at midnight."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.clock import US_PER_DAY, from_datetime
from shopwright.features.local_days import day_of, midnight_us

ZONES = [
    "UTC",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Los_Angeles",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Europe/Berlin",
]
days = st.integers(-3_650, 25_000)


@given(st.sampled_from(ZONES), days, st.floats(0, 1, exclude_max=True))
def test_every_instant_lies_in_the_one_day_that_holds_it(zone: str, day: int, part: float) -> None:
    begin, end = midnight_us(zone, day), midnight_us(zone, day + 1)
    us = begin + int(part * (end - begin))
    if begin < end:  # Samoa had no 30 December 2011
        assert day_of(zone, us) == day
        assert day_of(zone, begin) == day
        assert day_of(zone, begin - 1) < day


@given(st.sampled_from(ZONES), days)
def test_the_first_instant_of_a_day_shows_its_date(zone: str, day: int) -> None:
    begin = datetime.fromtimestamp(midnight_us(zone, day) / 1_000_000, UTC)
    shown = begin.astimezone(ZoneInfo(zone))
    assert (shown.date() - datetime(1970, 1, 1).date()).days in {day, day + 1}


def test_a_day_has_an_hour_less_or_more_where_clocks_change() -> None:
    def hours(zone: str, year: int, month: int, day: int) -> float:
        number = (datetime(year, month, day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
        return (midnight_us(zone, number + 1) - midnight_us(zone, number)) / (US_PER_DAY / 24)

    assert hours("Europe/Berlin", 2026, 3, 29) == 23
    assert hours("Europe/Berlin", 2026, 10, 25) == 25
    assert hours("America/Sao_Paulo", 2018, 11, 4) == 23, "its midnight was skipped"
    assert hours("UTC", 2026, 3, 29) == 24


def test_a_skipped_midnight_is_the_instant_after_it() -> None:
    day = (datetime(2018, 11, 4, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    assert midnight_us("America/Sao_Paulo", day) == from_datetime(
        datetime(2018, 11, 4, 1, tzinfo=ZoneInfo("America/Sao_Paulo"))
    )


@pytest.mark.parametrize("zone", ZONES)
def test_an_instant_far_from_a_midnight_shows_its_days_date(zone: str) -> None:
    for us in range(1_700_000_000_000_000, 1_731_000_000_000_000, US_PER_DAY):
        shown = datetime.fromtimestamp(us // 1_000_000, UTC).astimezone(ZoneInfo(zone)).date()
        number = (shown - datetime(1970, 1, 1, tzinfo=UTC).date()).days
        assert day_of(zone, us) == number
