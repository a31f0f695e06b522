"""A value that changes now and then, kept with its dates: what was it at an instant?"""

from bisect import bisect_right
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Dated(Generic[Value]):
    """Values and the instants from which they hold; the first also holds for all time before."""

    __slots__ = ("since", "values")

    def __init__(self, since_us: int, value: Value) -> None:
        self.since = [since_us]
        self.values = [value]

    def at(self, us: int) -> Value:
        """Return the value that holds at an instant."""
        if us >= self.since[-1]:
            return self.values[-1]
        return self.values[max(0, bisect_right(self.since, us) - 1)]

    def changed_at(self, us: int) -> int:
        """Return since when the value of an instant holds."""
        return self.since[max(0, bisect_right(self.since, us) - 1)]

    def write(self, since_us: int, value: Value) -> int:
        """Let a value hold from an instant until the next one; return its place."""
        place = bisect_right(self.since, since_us)
        self.since.insert(place, since_us)
        self.values.insert(place, value)
        return place
