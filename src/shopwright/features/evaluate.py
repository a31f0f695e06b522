"""A view read in Python: the orders that count as of an instant, folded as the SQL folds them.

Windows are cut when read, so they expire without an event.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import add, sub
from typing import Any, NamedTuple

import numpy as np

from shopwright.core.types.feature import FeatureValue
from shopwright.features.operators import Integers
from shopwright.features.view import FeatureView


class Row(NamedTuple):
    """One version of an order, as features see it; a packed record keeps this order of fields."""

    occurred_us: int
    known_us: int
    known_until_us: int
    gross_minor: int
    refund_minor: int
    discount_minor: int
    valid: bool


Orders = tuple[Integers, ...]
"""Columns of the orders that count, by ``occurred_us`` ascending, in the order of COLUMNS."""

COLUMNS = (
    "occurred_us",
    "gross_minor",
    "refund_minor",
    "net_minor",
    "discount_minor",
    "list_minor",
)
_NONE: Orders = ((),) * len(COLUMNS)


def answer(
    view: FeatureView,
    orders: Orders,
    settled: Sequence[int],
    as_of_us: int,
    minor_per_major: int,
) -> dict[str, FeatureValue]:
    """Return the view's features of these orders and of those already settled.

    ``settled`` holds the states of ``view.lasting``, in that order, or nothing at all.
    """
    plan = view.plan
    occurred = orders[0]
    starts = [0, *(bisect_left(occurred, as_of_us - width_us) for width_us in plan.widths_us)]
    values: list[Any] = []
    for fold, column, window in plan.folds:
        start = starts[window]
        values.append(fold(orders[column][start:] if start else orders[column]))
    if settled:
        for (place, merge), state in zip(plan.merges, settled, strict=True):
            values[place] = merge(state, values[place])
    for place, value in plan.finishes:
        values[place] = value(values[place])
    for rule, pick in plan.rules:
        values.append(rule(pick(values), as_of_us, minor_per_major))
    return dict(zip(view.names, plan.pick(values), strict=True))


def counted(rows: Iterable[tuple[Any, ...]], as_of_us: int) -> Orders:
    """Return the columns of the rows that count as of the instant; ``rows`` are by occurred_us."""
    alive = [row for row in rows if row[6] and row[1] < as_of_us <= row[2] and row[0] < as_of_us]
    return columns_of(alive)


def columns_of(rows: Sequence[tuple[Any, ...]]) -> Orders:
    """Return the columns of rows that all count."""
    if not rows:
        return _NONE
    occurred, _, _, gross, refund, discount, _ = zip(*rows, strict=True)
    net, listed = tuple(map(sub, gross, refund)), tuple(map(add, gross, discount))
    return occurred, gross, refund, net, discount, listed


def counted_by_numpy(rows: "np.ndarray[Any, Any]", as_of_us: int) -> Orders:
    """Return what ``counted`` returns, as int64 arrays, of a structured array of rows."""
    alive = rows[
        rows["valid"]
        & (rows["known_us"] < as_of_us)
        & (as_of_us <= rows["known_until_us"])
        & (rows["occurred_us"] < as_of_us)
    ]
    gross, refund, discount = (
        alive["gross_minor"],
        alive["refund_minor"],
        alive["discount_minor"],
    )
    occurred = np.ascontiguousarray(alive["occurred_us"])
    return occurred, gross, refund, gross - refund, discount, gross + discount
