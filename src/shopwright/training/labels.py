"""The portable SQL that says who ordered within the horizon.

The text runs unchanged on DuckDB and on Spark: plain joins, 64-bit integers, no dialect.
"""

from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import BadInput

_INT64_MAX = (1 << 63) - 1


def label_sql(horizon_days: int, known_by_us: int) -> str:
    """Return SQL over ``spine`` and ``orders`` that gives ``row_id, label`` by ``row_id``.

    The label is 1 when the entity has a valid order with
    as_of_us <= occurred_us < as_of_us + horizon, as it was known at ``known_by_us``
    (known_us < known_by_us <= known_until_us), else 0. An order at ``as_of_us`` is future, so
    it belongs to the label and to no feature. Raises BadInput for a horizon below one day.
    """
    if horizon_days < 1:
        raise BadInput(f"a horizon of {horizon_days} days is not possible; use at least 1")
    if not 0 <= known_by_us <= _INT64_MAX:
        raise BadInput(f"{known_by_us} is not an instant in epoch microseconds")
    return f"""\
SELECT
  spine.row_id AS row_id,
  CAST(MAX(CASE WHEN orders.occurred_us IS NULL THEN 0 ELSE 1 END) AS BIGINT) AS label
FROM spine
LEFT JOIN orders
  ON orders.store_id = spine.store_id
  AND orders.customer = spine.entity
  AND orders.valid
  AND orders.occurred_us >= spine.as_of_us
  AND orders.occurred_us < spine.as_of_us + {horizon_days * US_PER_DAY}
  AND orders.known_us < {int(known_by_us)}
  AND orders.known_until_us >= {int(known_by_us)}
GROUP BY spine.row_id
ORDER BY row_id
"""
