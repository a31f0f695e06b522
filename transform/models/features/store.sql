-- depends_on: {{ ref('store_spine') }}, {{ ref('lines') }}
WITH sales AS (
  SELECT
    s.row_id AS row_id,
    l.order_key AS order_key,
    MAX(l.occurred_us) AS occurred_us,
    MAX(l.customer) AS customer,
    CAST(SUM(l.quantity) AS BIGINT) AS units,
    CAST(SUM(l.returned) AS BIGINT) AS returned,
    CAST(SUM(l.gross_minor) AS BIGINT) AS gross_minor,
    CAST(SUM(l.refund_minor) AS BIGINT) AS refund_minor,
    CAST(SUM(l.discount_minor) AS BIGINT) AS discount_minor
  FROM store_spine AS s
  INNER JOIN lines AS l
    ON l.store_id = s.store_id
    AND l.known_us < s.as_of_us AND s.as_of_us <= l.known_until_us
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
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_28d_us THEN o.gross_minor ELSE 0 END) AS BIGINT) AS gross_28d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_91d_us THEN o.gross_minor ELSE 0 END) AS BIGINT) AS gross_91d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_91d_us THEN o.refund_minor ELSE 0 END) AS BIGINT) AS refund_91d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_91d_us THEN o.returned ELSE 0 END) AS BIGINT) AS returned_91d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_28d_us THEN o.discount_minor ELSE 0 END) AS BIGINT) AS discount_28d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_28d_us THEN o.gross_minor + o.discount_minor ELSE 0 END) AS BIGINT) AS list_28d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_364d_us AND o.occurred_us < s.from_336d_us THEN 1 ELSE 0 END) AS BIGINT) AS orders_ahead_28d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_392d_us AND o.occurred_us < s.from_364d_us THEN 1 ELSE 0 END) AS BIGINT) AS orders_before_28d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_1d_us THEN 1 ELSE 0 END) AS BIGINT) AS orders_1d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_7d_us THEN 1 ELSE 0 END) AS BIGINT) AS orders_7d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_28d_us THEN 1 ELSE 0 END) AS BIGINT) AS orders_28d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_7d_us THEN o.units ELSE 0 END) AS BIGINT) AS units_7d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_28d_us THEN o.units ELSE 0 END) AS BIGINT) AS units_28d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_91d_us THEN o.units ELSE 0 END) AS BIGINT) AS units_91d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_364d_us THEN o.units ELSE 0 END) AS BIGINT) AS units_364d,
    CAST(SUM(CASE WHEN o.order_key IS NOT NULL THEN o.units ELSE 0 END) AS BIGINT) AS units_total,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_28d_us THEN o.units - o.returned ELSE 0 END) AS BIGINT) AS net_units_28d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_28d_us THEN o.gross_minor - o.refund_minor ELSE 0 END) AS BIGINT) AS net_sales_28d,
    CAST(SUM(CASE WHEN o.order_key IS NOT NULL THEN o.gross_minor - o.refund_minor ELSE 0 END) AS BIGINT) AS net_sales_total,
    CAST(COUNT(DISTINCT o.customer) FILTER (WHERE o.occurred_us >= s.from_28d_us) AS BIGINT) AS buyers_28d,
    CAST(COUNT(DISTINCT o.customer) FILTER (WHERE o.order_key IS NOT NULL) AS BIGINT) AS buyers_total,
    CAST(SUM(CASE WHEN o.occurred_us >= s.from_364d_us AND o.occurred_us < s.from_336d_us THEN o.units ELSE 0 END) AS BIGINT) AS units_ahead_last_year
  FROM store_spine AS s
  LEFT JOIN sales AS o
    ON o.row_id = s.row_id
  GROUP BY s.row_id
)
SELECT
  row_id,
  orders_1d AS orders_1d,
  orders_7d AS orders_7d,
  orders_28d AS orders_28d,
  units_7d AS units_7d,
  units_28d AS units_28d,
  units_91d AS units_91d,
  units_364d AS units_364d,
  units_total AS units_total,
  net_units_28d AS net_units_28d,
  net_sales_28d AS net_sales_28d,
  net_sales_total AS net_sales_total,
  CASE WHEN units_28d > 0 THEN CAST(units_7d AS DOUBLE) / CAST(units_28d AS DOUBLE) END AS recent_units_share,
  CASE WHEN gross_91d > 0 THEN CAST(refund_91d AS DOUBLE) / CAST(gross_91d AS DOUBLE) END AS refund_ratio_91d,
  CASE WHEN units_91d > 0 THEN CAST(returned_91d AS DOUBLE) / CAST(units_91d AS DOUBLE) END AS return_ratio_91d,
  CASE WHEN list_28d > 0 THEN CAST(discount_28d AS DOUBLE) / CAST(list_28d AS DOUBLE) END AS discount_ratio_28d,
  buyers_28d AS buyers_28d,
  buyers_total AS buyers_total,
  units_ahead_last_year AS units_ahead_last_year,
  CASE WHEN orders_28d > 0 THEN CAST(gross_28d AS DOUBLE) / CAST(orders_28d * minor_per_major AS DOUBLE) END AS basket_28d,
  CASE WHEN orders_before_28d > 0 THEN CAST(orders_ahead_28d AS DOUBLE) / CAST(orders_before_28d AS DOUBLE) END AS season_28d
FROM folded
ORDER BY row_id
