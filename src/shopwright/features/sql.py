"""The feature views as portable SQL: one text that DuckDB and Spark answer with the same bits.

Only CAST, COUNT, SUM, MIN, MAX, FILTER, CASE and joins; no timestamps, no intervals, no decimal
literals. Nothing in the text comes from a user: values arrive in the relation ``spine``.
"""

from shopwright.core.clock import US_PER_DAY
from shopwright.features.feature import Aggregate
from shopwright.features.plan import Reading
from shopwright.features.view import FeatureView

ALIVE = "{row}.known_us < {spine}.as_of_us AND {spine}.as_of_us <= {row}.known_until_us"
"""The version of a row that answers for an instant: at most one of each order."""

_ORDERS_OF_SPINE = f"""\
LEFT JOIN orders AS o
    ON o.store_id = s.store_id
    AND o.customer = s.entity
    AND {ALIVE.format(row="o", spine="s")}
    AND o.valid
    AND o.occurred_us < s.as_of_us"""


def point_in_time_sql(view: FeatureView) -> str:
    """Return SQL that answers a view for every row of the spine, as known before its instant.

    Relations: ``spine(row_id BIGINT, store_id, entity, as_of_us BIGINT, minor_per_major BIGINT)``
    with unique ``row_id``, and the view's own relation. Result: ``row_id`` and the features in the
    view's order, one row for each row of the spine, by ``row_id``.
    """
    aggregates = ",\n".join(f"    {_aggregate(one)} AS {one.name}" for one in view.aggregates)
    features = ",\n".join(f"  {_feature(view, one)} AS {one.name}" for one in view.readings)
    return f"""\
WITH folded AS (
  SELECT
    s.row_id AS row_id,
    MAX(s.as_of_us) AS as_of_us,
    MAX(s.minor_per_major) AS minor_per_major,
{aggregates}
  FROM spine AS s
  {_ORDERS_OF_SPINE}
  GROUP BY s.row_id
)
SELECT
  row_id,
{features}
FROM folded
ORDER BY row_id
"""


def population_sql() -> str:
    """Return SQL for every customer with a valid order, as known before an instant.

    Relations: ``spine(row_id, store_id, as_of_us, …)``, one row for each store and instant asked
    about, and ``orders``. Result: ``row_id``, ``store_id``, ``entity``, ordered by them; each
    customer once for each row of the spine.
    """
    return f"""\
SELECT
  s.row_id AS row_id,
  o.store_id AS store_id,
  o.customer AS entity
FROM spine AS s
INNER JOIN orders AS o
  ON o.store_id = s.store_id
  AND {ALIVE.format(row="o", spine="s")}
  AND o.valid
  AND o.occurred_us < s.as_of_us
GROUP BY s.row_id, o.store_id, o.customer
ORDER BY row_id, store_id, entity
"""


def _aggregate(one: Aggregate) -> str:
    condition = "o.occurred_us IS NOT NULL"
    if one.days is not None:
        condition = f"o.occurred_us >= s.as_of_us - {one.days * US_PER_DAY}"
    return one.operator.sql(f"o.{one.column}", condition)


def _feature(view: FeatureView, reading: Reading) -> str:
    names = [view.aggregates[i].name for i in reading.places]
    return reading.rule.sql(names) if reading.rule else names[0]
