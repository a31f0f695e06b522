"""The views of what is sold as portable SQL, in the words of ``features/sql.py``."""

from shopwright.features.feature import Derived
from shopwright.features.item_view import (
    MADE_OF,
    Buyers,
    ItemFeature,
    ItemView,
    Tally,
    start_column,
)
from shopwright.features.sql import ALIVE

_SUMMED = {
    "units": "quantity",
    "returned": "returned",
    "gross_minor": "gross_minor",
    "refund_minor": "refund_minor",
    "discount_minor": "discount_minor",
}
"""Columns of a sale and the columns of ``lines`` that they sum."""


def item_sql(view: ItemView) -> str:
    """Return SQL that answers a view for every row of an item spine, as known before its instant.

    Relations: ``lines``, and ``view.spine`` with the columns ``row_id`` (unique), ``store_id``,
    ``item``, ``as_of_us``, ``minor_per_major`` and ``from_<n>d_us`` for each of ``view.starts``,
    the instant of that midnight in the store's zone. Result: ``row_id`` and the features in the
    view's order, one row for each row of the spine, by ``row_id``.
    """
    of_thing = "" if view.column is None else f"\n    AND l.{view.column} = s.item"
    sums = ",\n".join(
        f"    CAST(SUM(l.{source}) AS BIGINT) AS {name}" for name, source in _SUMMED.items()
    )
    folds = ",\n".join(f"    {_fold(one)} AS {one.name}" for one in view.folds)
    features = ",\n".join(f"  {_feature(one)} AS {one.name}" for one in view.features)
    return f"""\
WITH sales AS (
  SELECT
    s.row_id AS row_id,
    l.order_key AS order_key,
    MAX(l.occurred_us) AS occurred_us,
    MAX(l.customer) AS customer,
{sums}
  FROM {view.spine} AS s
  INNER JOIN lines AS l
    ON l.store_id = s.store_id{of_thing}
    AND {ALIVE.format(row="l", spine="s")}
    AND l.sold
    AND NOT l.gift_card
    AND l.quantity > 0
  GROUP BY s.row_id, l.order_key
),
folded AS (
  SELECT
    s.row_id AS row_id,
    MAX(s.as_of_us) AS as_of_us,
    MAX(s.minor_per_major) AS minor_per_major,
{folds}
  FROM {view.spine} AS s
  LEFT JOIN sales AS o
    ON o.row_id = s.row_id
  GROUP BY s.row_id
)
SELECT
  row_id,
{features}
FROM folded
ORDER BY row_id
"""


def _fold(one: Tally | Buyers) -> str:
    condition = "o.order_key IS NOT NULL"
    if one.days is not None:
        condition = f"o.occurred_us >= s.{start_column(one.days)}"
    if isinstance(one, Buyers):
        return f"CAST(COUNT(DISTINCT o.customer) FILTER (WHERE {condition}) AS BIGINT)"
    if one.until:
        condition += f" AND o.occurred_us < s.{start_column(one.until)}"
    return f"CAST(SUM(CASE WHEN {condition} THEN {_value(one.column)} ELSE 0 END) AS BIGINT)"


def _value(column: str) -> str:
    if column == "orders":
        return "1"
    if column not in MADE_OF:
        return f"o.{column}"
    left, right, sign = MADE_OF[column]
    return f"o.{left} {'+' if sign > 0 else '-'} o.{right}"


def _feature(one: ItemFeature) -> str:
    return one.rule.sql(one.of) if isinstance(one, Derived) else one.name
