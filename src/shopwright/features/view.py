"""A feature view: a named, versioned list of features of one kind of entity.

A view is checked when it is loaded: a wrong definition is refused with BadInput, never compiled.
"""

import hashlib
from functools import cached_property

from msgspec import Struct

from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import BadInput
from shopwright.features.checks import problems_of
from shopwright.features.feature import Aggregate, Derived, Feature, Relation
from shopwright.features.plan import Plan, Reading, make_plan


class FeatureView(Struct, frozen=True, kw_only=True, dict=True):
    """The features of one kind of entity. Raises BadInput when a definition is wrong."""

    name: str
    version: int
    """Grows with every change of what a feature means; states of another version are not read."""
    entity: str
    relation: Relation
    inputs: tuple[Aggregate, ...]
    """Aggregates that only feed derived features."""
    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        problems = list(problems_of(self.name, self.relation, self.inputs, self.features))
        if not 0 < self.version < 1 << 16:
            problems.append(f"version {self.version} is not between 1 and 65535")
        if problems:
            raise BadInput(
                f"feature view {self.name!r} is refused: {'; '.join(problems)}. "
                "Mend the definition; nothing was loaded"
            )

    @cached_property
    def label(self) -> str:
        """``name@version``, as vectors and models carry it."""
        return f"{self.name}@{self.version}"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in the order of every vector."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """Everything that is folded of rows: the inputs, then the features that are aggregates."""
        own = (feature for feature in self.features if isinstance(feature, Aggregate))
        return (*self.inputs, *own)

    @cached_property
    def lasting(self) -> tuple[Aggregate, ...]:
        """The aggregates over all history: what a settled order still contributes to."""
        return tuple(one for one in self.aggregates if one.days is None)

    @cached_property
    def widest_us(self) -> int:
        """The widest window: an order older than this only counts in totals."""
        return max((one.days for one in self.aggregates if one.days), default=0) * US_PER_DAY

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """How each feature is read of the values of ``aggregates``."""
        place = {one.name: i for i, one in enumerate(self.aggregates)}
        return tuple(
            Reading(one.name, one.rule, tuple(place[name] for name in one.of))
            if isinstance(one, Derived)
            else Reading(one.name, None, (place[one.name],))
            for one in self.features
        )

    @cached_property
    def plan(self) -> Plan:
        """The definitions as the evaluator wants them."""
        return make_plan(self.aggregates, self.readings, tuple(self.relation.lineage))


def digest(view: FeatureView, sql: str) -> str:
    """Return the SHA-256 of what a view means: its definitions without prose, and its SQL."""
    meaning = [view.label, view.entity, view.relation.name, sql]
    meaning += [
        f"{one.name} {one.operator.name} {one.column} {one.days}" for one in view.aggregates
    ]
    meaning += [f"{one.name} {one.rule and one.rule.name} {one.places}" for one in view.readings]
    return hashlib.sha256("\n".join(meaning).encode()).hexdigest()
