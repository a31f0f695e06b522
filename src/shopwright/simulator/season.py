"""When a shop sells: the year, the week, the hours of the day and its sales, in its own zone.

A purchase rhythm runs in *operational* time, which flows fast in December and hardly at night.
One day of it is an average day of the year; :class:`Flow` converts both ways, so every
probability of the simulator is exact under the season and no draw needs to be thrown away.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from shopwright.core.clock import US_PER_DAY, from_datetime, to_datetime
from shopwright.core.errors import BadInput

US_PER_HOUR = US_PER_DAY // 24
_MID_MONTH = np.array([15, 46, 74, 105, 135, 166, 196, 227, 258, 288, 319, 349], dtype=float)


class SaleRule(Struct, frozen=True):
    """A sale that comes back every year: local midnight of (month, day), for so many days."""

    name: str
    month: int
    day: int
    days: int
    off_share: float
    """How much the marked-down products cost less, 0 to 1."""


class Season(Struct, frozen=True, kw_only=True):
    """How a store's demand moves; each profile is relative, its scale does not matter."""

    timezone: str
    months: tuple[float, ...]
    """Twelve values in mid-month, joined by straight lines."""
    weekdays: tuple[float, ...]
    """Monday to Sunday."""
    hours: tuple[float, ...]
    sales: tuple[SaleRule, ...]


class Sensitivity(Struct, frozen=True):
    """How one kind of customer lives the season."""

    year: float
    """Exponent of the yearly curve: 0 buys alike all year, above 1 lives for the peak."""
    sale: float
    """How many times faster time flows during a sale."""


class SalePeriod(Struct, frozen=True):
    """One sale on the calendar: [start_us, end_us)."""

    name: str
    start_us: int
    end_us: int
    off_share: float


class Flow:
    """Operational time of one kind of customer between two instants of the calendar."""

    def __init__(self, start_us: int, hourly: npt.NDArray[np.float64]) -> None:
        self._start_us = start_us
        self._sums = np.concatenate(([0.0], np.cumsum(hourly / (24.0 * hourly.mean()))))

    def at(self, us: int) -> float:
        """Return the operational days from the calendar's start; BadInput outside of it."""
        hours = (us - self._start_us) / US_PER_HOUR
        whole = int(hours)
        if hours < 0 or whole >= len(self._sums) - 1:
            raise BadInput(
                f"{to_datetime(us):%Y-%m-%d} lies outside the simulated calendar, which runs from "
                f"{to_datetime(self._start_us):%Y-%m-%d} for {len(self._sums) // 24} days; "
                "simulate a shop that ends nearer to it"
            )
        low = float(self._sums[whole])
        return low + (hours - whole) * (float(self._sums[whole + 1]) - low)

    def instant(self, operational_days: float) -> int | None:
        """Return the instant at which that much has flowed; None beyond the calendar's end."""
        hour = int(np.searchsorted(self._sums, operational_days, side="right")) - 1
        if hour < 0 or hour >= len(self._sums) - 1:
            return None
        low, high = float(self._sums[hour]), float(self._sums[hour + 1])
        return self._start_us + int((hour + (operational_days - low) / (high - low)) * US_PER_HOUR)


class Calendar:
    """The season laid out hour by hour from ``start_us`` (rounded down to the hour) on."""

    def __init__(self, season: Season, start_us: int, days: int) -> None:
        self.start_us = start_us - start_us % US_PER_HOUR
        self.end_us = self.start_us + days * US_PER_DAY
        zone = ZoneInfo(season.timezone)
        local = [
            datetime.fromtimestamp((self.start_us + hour * US_PER_HOUR) // 1_000_000, zone)
            for hour in range(days * 24)
        ]
        self._year = _yearly(season, local)
        self._clock = np.array(
            [season.weekdays[at.weekday()] * season.hours[at.hour] for at in local]
        )
        self.sales = _sale_periods(season, self.start_us, self.end_us)
        starts = self.start_us + np.arange(days * 24, dtype=np.int64) * US_PER_HOUR
        self._in_sale = np.zeros(days * 24, dtype=bool)
        for sale in self.sales:
            self._in_sale |= (starts >= sale.start_us) & (starts < sale.end_us)
        self._offsets_us = np.array([_offset_us(at) for at in local], dtype=np.int64)

    def flow(self, sensitivity: Sensitivity) -> Flow:
        """Return the operational time of customers who live the season in this way."""
        intensity = self._year**sensitivity.year * self._clock
        return Flow(self.start_us, np.where(self._in_sale, sensitivity.sale, 1.0) * intensity)

    def sale_at(self, us: int) -> SalePeriod | None:
        """Return the sale that is on at an instant."""
        return next((sale for sale in self.sales if sale.start_us <= us < sale.end_us), None)

    def offset_us(self, us: int) -> int:
        """Return the zone's offset from UTC at an instant, in microseconds."""
        hour = (us - self.start_us) // US_PER_HOUR
        return int(self._offsets_us[min(max(hour, 0), len(self._offsets_us) - 1)])


def _offset_us(local: datetime) -> int:
    offset = local.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * 1_000_000


def _yearly(season: Season, local: list[datetime]) -> npt.NDArray[np.float64]:
    days = np.array([at.timetuple().tm_yday for at in local], dtype=float)
    months = np.asarray(season.months, dtype=float)
    curve: npt.NDArray[np.float64] = np.interp(
        days, _MID_MONTH, months / months.mean(), period=365.25
    )
    return curve


def _sale_periods(season: Season, start_us: int, end_us: int) -> tuple[SalePeriod, ...]:
    zone = ZoneInfo(season.timezone)
    periods = []
    for year in range(to_datetime(start_us).year - 1, to_datetime(end_us).year + 1):
        for rule in season.sales:
            first = datetime(year, rule.month, rule.day, tzinfo=zone)
            last = datetime.combine(first.date() + timedelta(days=rule.days), first.time(), zone)
            begin_us, stop_us = from_datetime(first), from_datetime(last)
            if begin_us < end_us and stop_us > start_us:
                periods.append(SalePeriod(rule.name, begin_us, stop_us, rule.off_share))
    return tuple(sorted(periods, key=lambda period: period.start_us))
