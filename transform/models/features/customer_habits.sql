-- depends_on: {{ ref('spine') }}, {{ ref('orders') }}
WITH folded AS (
  SELECT
    s.row_id AS row_id,
    MAX(s.as_of_us) AS as_of_us,
    MAX(s.minor_per_major) AS minor_per_major,
    CAST(MIN(o.occurred_us) FILTER (WHERE o.occurred_us IS NOT NULL) AS BIGINT) AS first_us,
    CAST(MAX(o.occurred_us) FILTER (WHERE o.occurred_us IS NOT NULL) AS BIGINT) AS last_us,
    CAST(COUNT(o.occurred_us) FILTER (WHERE o.occurred_us >= s.as_of_us - 7776000000000) AS BIGINT) AS orders_90d,
    CAST(COUNT(o.occurred_us) FILTER (WHERE o.occurred_us >= s.as_of_us - 15552000000000) AS BIGINT) AS orders_180d,
    CAST(COUNT(o.occurred_us) FILTER (WHERE o.occurred_us >= s.as_of_us - 23328000000000) AS BIGINT) AS orders_270d,
    CAST(COUNT(o.occurred_us) FILTER (WHERE o.occurred_us >= s.as_of_us - 31104000000000) AS BIGINT) AS orders_360d,
    CAST(COUNT(o.occurred_us) FILTER (WHERE o.occurred_us IS NOT NULL) AS BIGINT) AS orders_total,
    CAST(SUM(CASE WHEN o.occurred_us >= s.as_of_us - 31536000000000 THEN o.gross_minor ELSE 0 END) AS BIGINT) AS gross_365d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.as_of_us - 31536000000000 THEN o.refund_minor ELSE 0 END) AS BIGINT) AS refund_365d,
    CAST(COUNT(o.refund_minor) FILTER (WHERE o.occurred_us IS NOT NULL AND o.refund_minor > 0) AS BIGINT) AS orders_refunded,
    CAST(COUNT(o.discount_minor) FILTER (WHERE o.occurred_us IS NOT NULL AND o.discount_minor > 0) AS BIGINT) AS orders_discounted,
    CAST(SUM(CASE WHEN o.occurred_us >= s.as_of_us - 31536000000000 THEN o.discount_minor ELSE 0 END) AS BIGINT) AS discount_365d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.as_of_us - 31536000000000 THEN o.list_minor ELSE 0 END) AS BIGINT) AS list_365d,
    CAST(COUNT(o.occurred_us) FILTER (WHERE o.occurred_us >= s.as_of_us - 31536000000000) AS BIGINT) AS orders_365d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.as_of_us - 31536000000000 THEN o.net_minor ELSE 0 END) AS BIGINT) AS net_spend_365d,
    CAST(MAX(o.net_minor) FILTER (WHERE o.occurred_us IS NOT NULL) AS BIGINT) AS net_largest_order
  FROM spine AS s
  LEFT JOIN orders AS o
    ON o.store_id = s.store_id
    AND o.customer = s.entity
    AND o.known_us < s.as_of_us AND s.as_of_us <= o.known_until_us
    AND o.valid
    AND o.occurred_us < s.as_of_us
  GROUP BY s.row_id
)
SELECT
  row_id,
  orders_365d AS orders_365d,
  net_spend_365d AS net_spend_365d,
  CAST(8 * orders_90d + 4 * orders_180d + 2 * orders_270d + orders_360d + orders_total AS DOUBLE) / CAST(16 AS DOUBLE) AS orders_decayed,
  CASE WHEN orders_total > 1 AND last_us > first_us THEN CAST(as_of_us - last_us AS DOUBLE) * CAST(orders_total - 1 AS DOUBLE) / CAST(last_us - first_us AS DOUBLE) END AS recency_over_rhythm,
  CASE WHEN orders_total > 0 THEN CAST(orders_refunded AS DOUBLE) / CAST(orders_total AS DOUBLE) END AS refunded_orders_ratio,
  CASE WHEN gross_365d > 0 THEN CAST(refund_365d AS DOUBLE) / CAST(gross_365d AS DOUBLE) END AS refund_ratio_365d,
  CASE WHEN orders_total > 0 THEN CAST(orders_discounted AS DOUBLE) / CAST(orders_total AS DOUBLE) END AS discounted_orders_ratio,
  CASE WHEN list_365d > 0 THEN CAST(discount_365d AS DOUBLE) / CAST(list_365d AS DOUBLE) END AS discount_ratio_365d,
  net_largest_order AS net_largest_order
FROM folded
ORDER BY row_id
