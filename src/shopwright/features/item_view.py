"""A feature view of things that are sold: a product, a variant, or all of a store.

It folds sales: what one order holds of the thing, as known at an instant. Windows are whole days of
the store's calendar: a window of 28 days begins at the midnight 28 days before the day asked about
and runs up to the instant, so that it is exactly 28 days when asked at a midnight. What counts is
what was known before the instant; the day of an order only says into which windows it falls.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from shopwright.core.errors import BadInput
from shopwright.features.feature import Derived
from shopwright.features.operators import RULES

TALLIED = ("orders", "units", "returned", "gross_minor", "refund_minor", "discount_minor")
"""What is kept of each day, in this order; each is a sum over sales."""

COLUMNS = {
    "orders": "one for each order",
    "units": "`line_items[].quantity`, less units that an edit took off",
    "returned": "`refunds[].refund_line_items[].quantity`, at most the units",
    "gross_minor": "as in `orders`, of the lines of the thing",
    "refund_minor": "as in `orders`, of the lines of the thing, at most their gross",
    "discount_minor": "as in `orders`, of the lines of the thing",
    "net_units": "`units` − `returned`",
    "net_minor": "`gross_minor` − `refund_minor`",
    "list_minor": "`gross_minor` + `discount_minor`",
}
"""What a feature may sum, and where it comes from."""

MADE_OF = {
    "net_units": ("units", "returned", -1),
    "net_minor": ("gross_minor", "refund_minor", -1),
    "list_minor": ("gross_minor", "discount_minor", 1),
}
"""Columns that are made of two others: (one, other, sign of the other)."""


class Tally(Struct, frozen=True):
    """A column summed over a window of days, or over all history."""

    name: str
    column: str
    days: int | None
    """The window begins at the midnight so many days before the day asked about."""
    unit: str
    says: str
    until: int = 0
    """0 runs to the instant; else the window ends at the midnight so many days before."""


class Buyers(Struct, frozen=True):
    """How many different customers bought in a window; guests are nobody."""

    name: str
    days: int | None
    unit: str
    says: str


ItemFeature = Tally | Buyers | Derived


class ItemView(Struct, frozen=True, kw_only=True, dict=True):
    """The features of one kind of thing. Raises BadInput when a definition is wrong."""

    name: str
    version: int
    entity: str
    column: str | None
    """The column of ``lines`` that names the thing; None is everything that a store sells."""
    inputs: tuple[Tally | Buyers, ...]
    """Folds that only feed derived features."""
    features: tuple[ItemFeature, ...]

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise BadInput(f"feature view {self.name!r} is refused: {'; '.join(problems)}")

    def _problems(self) -> Iterator[str]:
        everything: tuple[ItemFeature, ...] = (*self.inputs, *self.features)
        for name, times in Counter(one.name for one in everything).items():
            if times > 1:
                yield f"{name}: the name is used {times} times"
        folds = {one.name for one in self.folds}
        for one in everything:
            if isinstance(one, Tally):
                if one.column not in COLUMNS:
                    yield f"{one.name}: there is no column {one.column!r}"
                if one.until and (one.days is None or not 0 < one.until < one.days):
                    yield f"{one.name}: a window that ends must begin before"
            if isinstance(one, Derived):
                if one.rule not in RULES or len(one.of) != one.rule.inputs:
                    yield f"{one.name}: {one.rule.name} of {len(one.of)} is not of the closed set"
                if missing := set(one.of) - folds:
                    yield f"{one.name}: there is no {', '.join(sorted(missing))}"

    @cached_property
    def label(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    @cached_property
    def spine(self) -> str:
        """The relation that holds what is asked; each view has its own columns in it."""
        return f"{self.name}_spine"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in the order of every vector."""
        return tuple(one.name for one in self.features)

    @cached_property
    def folds(self) -> tuple[Tally | Buyers, ...]:
        """Everything that is folded of sales: the inputs, then the features that are folds."""
        own = (one for one in self.features if not isinstance(one, Derived))
        return (*self.inputs, *own)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """How many days before the day asked about windows begin or end, each once."""
        begins = {one.days for one in self.folds if one.days is not None}
        ends = {one.until for one in self.folds if isinstance(one, Tally) and one.until}
        return tuple(sorted(begins | ends))


def start_column(days: int) -> str:
    """Return the column of an item spine that holds where a window begins."""
    return f"from_{days}d_us"


def item_digest(view: ItemView, sql: str) -> str:
    """Return the SHA-256 of what a view means: its definitions without prose, and its SQL."""
    meaning = [view.label, view.entity, str(view.column), sql]
    for one in (*view.folds, *view.features):
        if isinstance(one, Derived):
            meaning.append(f"{one.name} {one.rule.name} {one.of}")
        elif isinstance(one, Buyers):
            meaning.append(f"{one.name} buyers {one.days}")
        else:
            meaning.append(f"{one.name} {one.column} {one.days} {one.until}")
    return hashlib.sha256("\n".join(meaning).encode()).hexdigest()
