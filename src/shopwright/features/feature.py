"""One feature as it is defined: operators over the columns of a relation, and words for people."""

from collections.abc import Mapping

from msgspec import Struct

from shopwright.features.operators import Monoid, Rule


class Relation(Struct, frozen=True, kw_only=True):
    """What features are computed of: rows that became known, and ceased to be, at instants."""

    name: str
    row: str
    """What one row is, in the plural, for people: ``valid orders``."""
    lineage: Mapping[str, str]
    """Each column that a feature may fold, in the order in which the evaluator holds them, and the
    Shopify fields it comes from."""
    validity: str
    """The Shopify fields that decide whether a row counts."""


class Aggregate(Struct, frozen=True):
    """One column of the relation, folded by a monoid over a window or over all history."""

    name: str
    operator: Monoid
    column: str
    days: int | None
    """The window is [as_of − days, as_of); None is all history."""
    kind: str
    """R, F or M: recency, frequency, money."""
    unit: str
    says: str
    """One sentence for people."""


class Derived(Struct, frozen=True):
    """A number made by a rule of aggregates of the same view."""

    name: str
    rule: Rule
    of: tuple[str, ...]
    """Names of aggregates, in the order that the rule asks for."""
    kind: str
    unit: str
    says: str


Feature = Aggregate | Derived
