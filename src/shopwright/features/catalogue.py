"""The catalogue: the definitions as a page for people, made of the values that compute them."""

from collections.abc import Iterator, Sequence

from shopwright.features.feature import Aggregate, Derived, Feature
from shopwright.features.view import FeatureView

_PREFACE = """\
# Features

This page is made from `src/shopwright/features/definitions.py`; a test compares the two.

A value is what was known before an instant, `as_of`. Windows are [as_of − W, as_of): an order at
`as_of` is in the future. `null` means not known, `0` means none; NaN is never stored. Money is in
minor units of the shop's own currency, never converted. Kinds are **R**ecency, **F**requency and
**M**oney.
"""


def page(views: Sequence[FeatureView]) -> str:
    """Return the catalogue of the views as Markdown."""
    return "\n".join([_PREFACE, *(line for view in views for line in _section(view))])


def _section(view: FeatureView) -> Iterator[str]:
    yield f"## `{view.label}`"
    yield ""
    yield f"One vector for each {view.entity}, of {view.relation.row} in `{view.relation.name}`."
    yield ""
    yield "| | feature | meaning | unit | window | without | made of |"
    yield "|---|---|---|---|---|---|---|"
    for one in view.features:
        yield (
            f"| {one.kind} | `{one.name}` | {one.says} | {one.unit} | {_window(view, one)} "
            f"| {_without(one)} | {_made_of(one)} |"
        )
    yield ""
    yield "Aggregates that only feed the features above:"
    yield ""
    yield "| aggregate | meaning | unit | window | made of |"
    yield "|---|---|---|---|---|"
    for aggregate in view.inputs:
        yield (
            f"| `{aggregate.name}` | {aggregate.says} | {aggregate.unit} "
            f"| {_window(view, aggregate)} | {_made_of(aggregate)} |"
        )
    yield ""
    yield f"### Where `{view.relation.name}` comes from"
    yield ""
    yield "| column | Shopify fields |"
    yield "|---|---|"
    for column, lineage in view.relation.lineage.items():
        yield f"| `{column}` | {lineage} |"
    yield f"| `valid` | {view.relation.validity} |"
    yield ""


def _window(view: FeatureView, one: Feature) -> str:
    """A derived feature spans what it is made of."""
    if isinstance(one, Aggregate):
        return "all history" if one.days is None else f"{one.days} days"
    spans = {_window(view, input_) for input_ in view.aggregates if input_.name in one.of}
    return " and ".join(sorted(spans))


def _without(one: Feature) -> str:
    return one.rule.empty if isinstance(one, Derived) else one.operator.empty


def _made_of(one: Feature) -> str:
    if isinstance(one, Derived):
        return f"{one.rule.name}({', '.join(f'`{name}`' for name in one.of)})"
    return f"{one.operator.name}(`{one.column}`)"
