"""A view's definitions as the evaluator wants them: places in lists instead of names.

A request reads a record in microseconds; looking names up again for each of them would double that.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from shopwright.core.clock import US_PER_DAY
from shopwright.features.feature import Aggregate
from shopwright.features.operators import Integers, Rule, State, itself

Pick = Callable[[Sequence[Any]], Sequence[Any]]
"""Takes some of the values, in an order of its own."""


class Fold(NamedTuple):
    """One aggregate: which fold of which column from the start of which window on."""

    fold: Callable[[Integers], State]
    column: int
    window: int
    """0 is all history, else the place of its width in ``Plan.widths_us`` plus one."""


class Plan(NamedTuple):
    """Everything that reading a view needs; made once for a view."""

    widths_us: tuple[int, ...]
    """Each width of window once."""
    folds: tuple[Fold, ...]
    """One for each aggregate, in the view's order: the first values."""
    merges: tuple[tuple[int, Callable[[State, State], State]], ...]
    """(place, merge) of each aggregate over all history."""
    finishes: tuple[tuple[int, Callable[[State], State]], ...]
    """(place, value) of each aggregate whose value is not its state."""
    rules: tuple[tuple[Callable[[Sequence[State], int, int], float | None], Pick], ...]
    """(rule, its inputs of all values) of each derived feature: the values after the aggregates."""
    pick: Pick
    """All values to those of the features, in the view's order."""


class Reading(NamedTuple):
    """How one feature is read of the aggregates: by a rule, or as it is."""

    name: str
    rule: Rule | None
    places: tuple[int, ...]


def make_plan(
    aggregates: Sequence[Aggregate], readings: Sequence[Reading], columns: Sequence[str]
) -> Plan:
    """Return the plan of a view whose aggregates fold these columns."""
    widths = sorted({one.days for one in aggregates if one.days is not None})
    window: dict[int | None, int] = {days: i for i, days in enumerate([None, *widths])}
    return Plan(
        widths_us=tuple(days * US_PER_DAY for days in widths),
        folds=tuple(
            Fold(one.operator.fold, columns.index(one.column), window[one.days])
            for one in aggregates
        ),
        merges=tuple(
            (i, one.operator.merge) for i, one in enumerate(aggregates) if one.days is None
        ),
        finishes=tuple(
            (i, one.operator.value)
            for i, one in enumerate(aggregates)
            if one.operator.value is not itself
        ),
        rules=tuple(
            (one.rule.value, _picker(one.places)) for one in readings if one.rule is not None
        ),
        pick=_picker(_places(len(aggregates), readings)),
    )


def _places(aggregates: int, readings: Sequence[Reading]) -> tuple[int, ...]:
    """Return where the value of each feature stands among all values."""
    places = []
    derived = aggregates
    for one in readings:
        places.append(one.places[0] if one.rule is None else derived)
        derived += one.rule is not None
    return tuple(places)


def _picker(places: tuple[int, ...]) -> Pick:
    # itemgetter answers one place with the bare value, several with a tuple.
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1))
