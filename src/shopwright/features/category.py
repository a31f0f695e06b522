"""A customer's leading product category as of an instant: the one most money was spent on.

The label by which scores are broken down. Money is gross merchandise of valid orders, without gift
cards; of equal sums the one with more units leads, then the first by text. A line counts with the
category that its product had as known before the instant; a product without one, or not yet known,
counts for nothing.
"""

from shopwright.features.sql import ALIVE

_LEADING = f"""\
WITH spent AS (
  SELECT
    s.row_id AS row_id,
    p.category AS category,
    CAST(SUM(l.gross_minor) AS BIGINT) AS gross_minor,
    CAST(SUM(l.quantity) AS BIGINT) AS quantity
  FROM spine AS s
  INNER JOIN lines AS l
    ON l.store_id = s.store_id
    AND l.customer = s.entity
    AND {ALIVE.format(row="l", spine="s")}
    AND l.valid
    AND l.occurred_us < s.as_of_us
    AND NOT l.gift_card
    AND l.quantity > 0
  INNER JOIN products AS p
    ON p.store_id = l.store_id
    AND p.product_id = l.product_id
    AND {ALIVE.format(row="p", spine="s")}
    AND p.category <> ''
  GROUP BY s.row_id, p.category
),
ranked AS (
  SELECT
    row_id,
    category,
    ROW_NUMBER() OVER (
      PARTITION BY row_id ORDER BY gross_minor DESC, quantity DESC, category ASC
    ) AS place
  FROM spent
)
SELECT
  s.row_id AS row_id,
  r.category AS category
FROM spine AS s
LEFT JOIN ranked AS r
  ON r.row_id = s.row_id
  AND r.place = 1
ORDER BY row_id
"""


def leading_category_sql() -> str:
    """Return SQL that names the leading category for every row of the spine.

    Relations: ``spine(row_id, store_id, entity, as_of_us, …)``, ``lines``, ``products``. Result:
    ``row_id``, ``category`` (null where none is known), one row for each row of the spine, by
    ``row_id``. Categories are Shopify's category full name, else the product type.
    """
    return _LEADING
