"""How partitions share one read: no busy writer keeps the others waiting."""

from collections.abc import Callable, Sequence

from shopwright.core.types.log import LogRecord

ReadUpTo = Callable[[int], Sequence[LogRecord]]
"""Reads at most that many records of one partition."""


def read_in_turns(waiting: Sequence[ReadUpTo], turn: int, limit: int) -> list[LogRecord]:
    """Return at most ``limit`` records, an equal share of what is left to each partition.

    The partition whose turn it is comes first, so that even a limit of one starves nobody.
    """
    if not waiting:
        return []
    first = turn % len(waiting)
    records: list[LogRecord] = []
    for number, read in enumerate([*waiting[first:], *waiting[:first]]):
        # Rounded up: the first one gets something whenever the limit allows anything.
        share = -(-(limit - len(records)) // (len(waiting) - number))
        if share > 0:
            records += read(share)
    return records
