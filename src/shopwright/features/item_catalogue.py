"""The catalogue of what is sold, as the page of features shows it beside that of customers."""

from collections.abc import Iterator, Sequence

from shopwright.features.feature import Derived
from shopwright.features.item_view import COLUMNS, Buyers, ItemFeature, ItemView, Tally

_PREFACE = """\
# What is sold

Views of products, variants and stores are counted over **sales**: what one order holds of the
thing, guests' orders too, without gift cards and units that an edit took off. An order counts while
it is confirmed, not a test, not cancelled, voided or deleted, as known before `as_of`.

Windows are days of the store's own calendar: 28 days begin at the midnight 28 days before the day
of `as_of` and run up to it, so that at a midnight they are exactly 28 days. `0` means none was
sold, `null` that a ratio has no divisor.

| column | Shopify fields |
|---|---|
"""


def item_page(views: Sequence[ItemView]) -> str:
    """Return the catalogue of the views as Markdown."""
    columns = "".join(f"| `{name}` | {lineage} |\n" for name, lineage in COLUMNS.items())
    sections = (line for view in views for line in _section(view))
    return f"{_PREFACE}{columns}\n" + "\n".join(sections)


def kind_of(one: ItemFeature) -> str:
    """Return F or M: how often, or how much money."""
    if isinstance(one, Derived):
        return one.kind
    return "M" if one.unit.startswith("minor") else "F"


def _section(view: ItemView) -> Iterator[str]:
    yield f"## `{view.label}`"
    yield ""
    of_what = f"of the lines with its `{view.column}`" if view.column else "of all its lines"
    yield f"One vector for each {view.entity}, {of_what}."
    yield ""
    yield "| | feature | meaning | unit | window | made of |"
    yield "|---|---|---|---|---|---|"
    for one in view.features:
        yield (
            f"| {kind_of(one)} | `{one.name}` | {one.says} | {one.unit} | {_window(view, one)} "
            f"| {_made_of(one)} |"
        )
    yield ""
    yield "Sums that only feed the features above:"
    yield ""
    yield "| sum | meaning | unit | window | made of |"
    yield "|---|---|---|---|---|"
    for fold in view.inputs:
        window, made = _window(view, fold), _made_of(fold)
        yield f"| `{fold.name}` | {fold.says} | {fold.unit} | {window} | {made} |"
    yield ""


def _window(view: ItemView, one: ItemFeature) -> str:
    if isinstance(one, Derived):
        return " and ".join(sorted({_window(view, f) for f in view.folds if f.name in one.of}))
    if one.days is None:
        return "all history"
    if isinstance(one, Tally) and one.until:
        return f"from {one.days} to {one.until} days before"
    return "1 day" if one.days == 1 else f"{one.days} days"


def _made_of(one: ItemFeature) -> str:
    if isinstance(one, Derived):
        return f"{one.rule.name}({', '.join(f'`{name}`' for name in one.of)})"
    if isinstance(one, Buyers):
        return "different customers"
    return f"sum(`{one.column}`)"
