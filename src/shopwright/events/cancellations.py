"""Finds the order lines that a cancellation takes back, where it does not name its order.

Same customer, same product, not later than the cancellation: first the newest line of exactly
that many units of which nothing was taken yet, else the newest lines that have units left.
Cancellations are taken in the order of time, so rows that are added later never change an
earlier match.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Units(NamedTuple):
    """Units of one customer and product at an instant: sold by a line, or taken back."""

    key: int
    """The customer and the product, as one number."""
    at_us: int
    units: int


class Match(NamedTuple):
    """Units of a line that a cancellation takes back; both are positions in their sequences."""

    line: int
    cancellation: int
    units: int


class _OpenLines:
    """Lines of one customer and product that have units left; the last one is the newest."""

    def __init__(self) -> None:
        self._left: dict[int, int] = {}
        self._newest: list[int] = []
        self._by_units: dict[int, list[int]] = {}

    def add(self, line: int, units: int) -> None:
        self._left[line] = units
        self._newest.append(line)
        self._by_units.setdefault(units, []).append(line)

    def take(self, units: int) -> Iterator[tuple[int, int]]:
        """Take units away; yields (line, units taken) until they or the lines run out."""
        exact = self._untouched(units)
        if exact is not None:
            del self._left[exact]
            yield exact, units
            return
        while units and self._newest:
            line = self._newest[-1]
            left = self._left.pop(line, 0)
            taken = min(left, units)
            units -= taken
            if left > taken:
                self._left[line] = left - taken
            else:
                self._newest.pop()
            if taken:
                yield line, taken

    def _untouched(self, units: int) -> int | None:
        """Return the newest line that still has all of exactly these units."""
        candidates = self._by_units.get(units, [])
        while candidates and self._left.get(candidates[-1]) != units:
            candidates.pop()  # a line never gets units back
        return candidates[-1] if candidates else None


def match(lines: Sequence[Units], cancellations: Sequence[Units]) -> list[Match]:
    """Return what each cancellation takes, in the order in which it is taken.

    Both sequences are sorted by ``at_us``; among equal instants their own order decides.
    A cancellation may take a line of its own minute: such tables have no seconds. What a
    cancellation does not find is missing from the result. Linear time.
    """
    open_lines: dict[int, _OpenLines] = {}
    found: list[Match] = []
    arrived = 0
    for number, cancelled in enumerate(cancellations):
        while arrived < len(lines) and lines[arrived].at_us <= cancelled.at_us:
            line = lines[arrived]
            open_lines.setdefault(line.key, _OpenLines()).add(arrived, line.units)
            arrived += 1
        of_key = open_lines.get(cancelled.key)
        if of_key is not None:
            found += [Match(line, number, units) for line, units in of_key.take(cancelled.units)]
    return found
