"""What is wrong with a feature view, in words for whoever wrote it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from shopwright.features.feature import Aggregate, Derived, Feature, Relation
from shopwright.features.operators import MONOIDS, RULES
from shopwright.features.reserved import RESERVED

KINDS = ("R", "F", "M")
DAYS_MAX = 36_500
"""A century: a wider window is a slip of the pen, and all history has no width."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


def problems_of(
    view: str, relation: Relation, inputs: Sequence[Aggregate], features: Sequence[Feature]
) -> Iterator[str]:
    """Yield every problem of a view's definitions; none means that it can be compiled."""
    everything: tuple[Feature, ...] = (*inputs, *features)
    yield from _problems_of_name(view)
    if not features:
        yield "it has no features"
    for name, times in Counter(one.name for one in everything).items():
        if times > 1:
            yield f"{name}: the name is used {times} times"
    aggregates = {one.name: one for one in everything if isinstance(one, Aggregate)}
    for one in everything:
        yield from _problems_of_name(one.name)
        if one.kind not in KINDS:
            yield f"{one.name}: kind {one.kind!r} is none of {', '.join(KINDS)}"
        if isinstance(one, Aggregate):
            yield from _problems_of_aggregate(one, relation)
        else:
            yield from _problems_of_derived(one, aggregates)


def _problems_of_name(name: str) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f"{name!r} is not a name: lower-case letters, digits and _, from a letter on"
    if name in RESERVED:
        yield f"{name}: a reserved word of SQL, or a column of the spine"


def _problems_of_aggregate(one: Aggregate, relation: Relation) -> Iterator[str]:
    if one.operator not in MONOIDS:
        yield f"{one.name}: operator {one.operator.name!r} is not of the closed set"
    if one.column not in relation.lineage:
        columns = ", ".join(relation.lineage)
        yield f"{one.name}: {relation.name} has no column {one.column!r}, only {columns}"
    if one.days is not None and not 0 < one.days <= DAYS_MAX:
        yield f"{one.name}: a window of {one.days} days is not between 1 and {DAYS_MAX}"


def _problems_of_derived(one: Derived, aggregates: Mapping[str, Aggregate]) -> Iterator[str]:
    if one.rule not in RULES:
        yield f"{one.name}: rule {one.rule.name!r} is not of the closed set"
    if len(one.of) != one.rule.inputs:
        yield f"{one.name}: {one.rule.name} takes {one.rule.inputs} aggregates, not {len(one.of)}"
    for name in one.of:
        if name not in aggregates:
            yield f"{one.name}: there is no aggregate {name!r} in this view"
