"""Finds the order lines that a cancellation takes back, where it does not name its order.

Same customer, same product, not later than the cancellation: first the newest line that has
exactly that many units left, else the newest lines that have any. Cancellations are taken in
the order of time, so rows that are added later never change an earlier match.
"""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
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
    """Lines of one customer and product that have units left; a greater number is newer."""

    def __init__(self) -> None:
        self._left: dict[int, int] = {}
        self._newest: list[int] = []
        self._by_units: dict[int, list[int]] = {}

    def add(self, line: int, units: int) -> None:
        self._left[line] = units
        self._newest.append(line)
        heappush(self._by_units.setdefault(units, []), -line)

    def take(self, units: int) -> Iterator[tuple[int, int]]:
        """Take units away; yields (line, units taken) until they or the lines run out."""
        exact = self._exact(units)
        if exact is not None:
            del self._left[exact]
            yield exact, units
            return
        while units and self._newest:
            line = self._newest[-1]
            left = self._left.get(line, 0)
            taken = min(left, units)
            if taken:
                yield line, taken
            units -= taken
            self._leave(line, left - taken)

    def _exact(self, units: int) -> int | None:
        """Return the newest line with exactly these units left; stale entries are dropped."""
        candidates = self._by_units.get(units, [])
        while candidates:
            line = -candidates[0]
            if self._left.get(line) == units:
                return line
            heappop(candidates)
        return None

    def _leave(self, line: int, left: int) -> None:
        if left:
            self._left[line] = left
            heappush(self._by_units.setdefault(left, []), -line)
        else:
            self._left.pop(line, None)
            self._newest.pop()


def match(lines: Sequence[Units], cancellations: Sequence[Units]) -> list[Match]:
    """Return what each cancellation takes, in the order in which it is taken.

    Both sequences are sorted by ``at_us``; among equal instants their own order decides.
    A cancellation may take a line of its own minute: such tables have no seconds. What a
    cancellation does not find is missing from the result. O(n log n).
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
