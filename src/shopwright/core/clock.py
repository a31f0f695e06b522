"""Time is an argument: the only file that asks the machine what time it is."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

US_PER_SECOND = 1_000_000
US_PER_DAY = 86_400 * US_PER_SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_US = timedelta(microseconds=1)


class Clock(Protocol):
    """Tells the time and waits."""

    def now_us(self) -> int:
        """Return the current instant as epoch microseconds, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a simulated clock jumps instead."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        """Return the machine's wall clock as epoch microseconds."""
        return time.time_ns() // 1_000

    def sleep(self, seconds: float) -> None:
        """Block this thread."""
        time.sleep(seconds)


class SimulatedClock:
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        """Return the simulated instant."""
        return self._now_us

    def sleep(self, seconds: float) -> None:
        """Move the clock on by that much, at once."""
        self._now_us += round(seconds * US_PER_SECOND)

    def set(self, now_us: int) -> None:
        """Jump to an instant, backwards too: real clocks do."""
        self._now_us = now_us


def from_datetime(instant: datetime) -> int:
    """Return an aware instant as epoch microseconds, exactly; raises ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - _EPOCH) // _ONE_US


def to_datetime(us: int) -> datetime:
    """Return epoch microseconds as an aware UTC instant."""
    return _EPOCH + timedelta(microseconds=us)


def iso(us: int) -> str:
    """Write an instant for people and JSON: ``2026-11-23T21:00:00.000000Z``."""
    return to_datetime(us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
