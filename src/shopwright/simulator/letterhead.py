"""What every payload of one store shares: its money, its local time, its invariable numbers."""

from datetime import datetime

from shopwright.core.clock import to_datetime
from shopwright.simulator.amounts import Purse
from shopwright.simulator.profile import StoreProfile
from shopwright.simulator.season import Calendar

_REMEMBERED = 4_096


class Letterhead:
    """Writes amounts and instants as the store's Shopify admin would."""

    def __init__(self, profile: StoreProfile, calendar: Calendar, shop_number: int) -> None:
        self.profile = profile
        self.shop_number = shop_number
        self.location_id = shop_number * 7 + 3
        self.staff_id = shop_number * 5 + 1
        self.app_id = 580_111
        self.home = Purse(profile.currency, profile.currency, 1.0)
        self.abroad = Purse(profile.currency, profile.foreign_currency, profile.foreign_rate)
        self._calendar = calendar
        self._suffixes: dict[int, str] = {}
        self._written: dict[int, str] = {}

    def purse(self, *, foreign: bool) -> Purse:
        """Return the purse of orders paid in the store's or in its foreign currency."""
        return self.abroad if foreign else self.home

    def time(self, us: int) -> str:
        """Write an instant with whole seconds and the zone's offset, as Shopify does."""
        text = self._written.get(us)
        if text is None:
            # One payload names the same few instants many times; the next one names others.
            if len(self._written) >= _REMEMBERED:
                self._written.clear()
            text = self._written[us] = self._write(us)
        return text

    def maybe_time(self, us: int | None, now_us: int) -> str | None:
        """Write an instant that has come by now; None for one that has not, or never will."""
        return None if us is None or us > now_us else self.time(us)

    def _write(self, us: int) -> str:
        offset_us = self._calendar.offset_us(us)
        suffix = self._suffixes.get(offset_us)
        if suffix is None:
            minutes = abs(offset_us) // 60_000_000
            sign = "-" if offset_us < 0 else "+"
            suffix = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
            self._suffixes[offset_us] = suffix
        local: datetime = to_datetime(us + offset_us).replace(tzinfo=None)
        return local.isoformat(timespec="seconds") + suffix
