from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.clock import US_PER_DAY, from_datetime
from shopwright.core.errors import BadInput
from shopwright.simulator.season import US_PER_HOUR, Calendar, SaleRule, Season, Sensitivity

START_US = from_datetime(datetime(2026, 3, 1, 0, 30, tzinfo=UTC))
DAYS = 365
SEASON = Season(
    timezone="Europe/London",
    months=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0),
    weekdays=(1.0,) * 7,
    hours=(0.5,) * 8 + (1.0,) * 16,
    sales=(SaleRule("Summer", 6, 24, 10, 0.2),),
)
CALENDAR = Calendar(SEASON, START_US, DAYS)
FLOW = CALENDAR.flow(Sensitivity(year=1.0, sale=4.0))
INSTANTS = st.integers(START_US, START_US + (DAYS - 1) * US_PER_DAY)


@given(INSTANTS)
def test_an_instant_and_its_operational_time_are_each_others_inverse(us: int) -> None:
    back = FLOW.instant(FLOW.at(us))
    assert back is not None
    assert abs(back - us) < 1_000


@given(INSTANTS, st.integers(1, US_PER_DAY))
def test_operational_time_only_flows_forwards(us: int, later: int) -> None:
    assert FLOW.at(us + later) > FLOW.at(us)


def test_an_average_day_is_one_operational_day() -> None:
    end_us = CALENDAR.start_us + DAYS * US_PER_DAY - 1
    assert FLOW.at(end_us) == pytest.approx(DAYS, abs=0.01)


def test_time_flows_four_times_faster_in_a_sale() -> None:
    before_us = from_datetime(datetime(2026, 6, 10, 12, tzinfo=UTC))
    during_us = from_datetime(datetime(2026, 6, 28, 12, tzinfo=UTC))
    usual = FLOW.at(before_us + US_PER_HOUR) - FLOW.at(before_us)
    sale = FLOW.at(during_us + US_PER_HOUR) - FLOW.at(during_us)
    assert sale / usual == pytest.approx(4.0, rel=0.01)


def test_a_sale_starts_and_ends_at_local_midnight() -> None:
    sale = CALENDAR.sales[0]
    assert sale.start_us == from_datetime(datetime(2026, 6, 23, 23, tzinfo=UTC))
    assert sale.end_us - sale.start_us == 10 * US_PER_DAY
    assert CALENDAR.sale_at(sale.start_us) is sale
    assert CALENDAR.sale_at(sale.start_us - 1) is None
    assert CALENDAR.sale_at(sale.end_us) is None


def test_the_offset_follows_summer_time() -> None:
    last_of_winter_us = from_datetime(datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC))
    assert CALENDAR.offset_us(last_of_winter_us) == 0
    assert CALENDAR.offset_us(last_of_winter_us + 1_000_000) == US_PER_HOUR


def test_outside_of_the_calendar_there_is_no_answer() -> None:
    with pytest.raises(BadInput, match="outside the simulated calendar"):
        FLOW.at(START_US - US_PER_DAY)
    with pytest.raises(BadInput, match="outside the simulated calendar"):
        FLOW.at(START_US + (DAYS + 1) * US_PER_DAY)
    assert FLOW.instant(DAYS + 1.0) is None
