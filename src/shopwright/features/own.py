"""The words in which feature views of one's own are written, and the check that they may be taken.

A definition names operators of the closed set over the columns of a relation that Shopwright keeps:
so the same text gives SQL for DuckDB and Spark, the evaluator, the catalogue and serving.
"""

from collections.abc import Iterator, Sequence

from shopwright.core.errors import BadInput
from shopwright.features.definitions import ORDERS, VIEWS
from shopwright.features.feature import Aggregate, Derived
from shopwright.features.items import ITEM_VIEWS
from shopwright.features.operators import (
    COUNT,
    COUNT_POSITIVE,
    DAYS_SINCE,
    HALVED_BY_AGE,
    MAX,
    MEAN_GAP_DAYS,
    MIN,
    PACE,
    RATIO,
    RATIO_IN_MAJOR_UNITS,
    SUM,
)
from shopwright.features.view import FeatureView

__all__ = [
    "COUNT",
    "COUNT_POSITIVE",
    "DAYS_SINCE",
    "HALVED_BY_AGE",
    "MAX",
    "MEAN_GAP_DAYS",
    "MIN",
    "ORDERS",
    "PACE",
    "RATIO",
    "RATIO_IN_MAJOR_UNITS",
    "SUM",
    "Aggregate",
    "Derived",
    "FeatureView",
    "beside_ours",
]


def beside_ours(own: Sequence[object], where: str) -> tuple[FeatureView, ...]:
    """Return Shopwright's views and a user's own after them. Raises BadInput saying why not."""
    problems = list(_problems(own))
    if problems:
        raise BadInput(f"{where}: {'; '.join(problems)}. Mend the file; nothing was loaded")
    return (*VIEWS, *(view for view in own if isinstance(view, FeatureView)))


def _problems(own: Sequence[object]) -> Iterator[str]:
    names = [*(view.name for view in VIEWS), *(view.name for view in ITEM_VIEWS)]
    for view in own:
        if not isinstance(view, FeatureView):
            yield f"VIEWS holds {view!r}, which is no FeatureView"
            continue
        if view.name in names:
            yield f"{view.name}: a view of this name is there already"
        names.append(view.name)
        if view.relation != ORDERS:
            yield (
                f"{view.name}: its relation {view.relation.name!r} is none that every engine "
                "holds; use ORDERS"
            )
        if view.entity != "customer":
            yield f"{view.name}: its entity {view.entity!r} is not one of ORDERS; use 'customer'"
