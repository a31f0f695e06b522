-- depends_on: {{ ref('spine') }}, {{ ref('orders') }}
WITH folded AS (
  SELECT
    s.row_id AS row_id,
    MAX(s.as_of_us) AS as_of_us,
    MAX(s.minor_per_major) AS minor_per_major,
    CAST(MIN(o.occurred_us) FILTER (WHERE o.occurred_us IS NOT NULL) AS BIGINT) AS first_us,
    CAST(MAX(o.occurred_us) FILTER (WHERE o.occurred_us IS NOT NULL) AS BIGINT) AS last_us,
    CAST(SUM(CASE WHEN o.occurred_us IS NOT NULL THEN o.gross_minor ELSE 0 END) AS BIGINT) AS gross_total,
    CAST(SUM(CASE WHEN o.occurred_us IS NOT NULL THEN o.refund_minor ELSE 0 END) AS BIGINT) AS refund_total,
    CAST(COUNT(o.occurred_us) FILTER (WHERE o.occurred_us >= s.as_of_us - 604800000000) AS BIGINT) AS orders_7d,
    CAST(COUNT(o.occurred_us) FILTER (WHERE o.occurred_us >= s.as_of_us - 2592000000000) AS BIGINT) AS orders_30d,
    CAST(COUNT(o.occurred_us) FILTER (WHERE o.occurred_us >= s.as_of_us - 7776000000000) AS BIGINT) AS orders_90d,
    CAST(COUNT(o.occurred_us) FILTER (WHERE o.occurred_us IS NOT NULL) AS BIGINT) AS orders_total,
    CAST(SUM(CASE WHEN o.occurred_us >= s.as_of_us - 2592000000000 THEN o.net_minor ELSE 0 END) AS BIGINT) AS net_spend_30d,
    CAST(SUM(CASE WHEN o.occurred_us >= s.as_of_us - 7776000000000 THEN o.net_minor ELSE 0 END) AS BIGINT) AS net_spend_90d,
    CAST(SUM(CASE WHEN o.occurred_us IS NOT NULL THEN o.net_minor ELSE 0 END) AS BIGINT) AS net_spend_total
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
  CAST(as_of_us - last_us AS DOUBLE) / CAST(86400000000 AS DOUBLE) AS recency_days,
  CAST(as_of_us - first_us AS DOUBLE) / CAST(86400000000 AS DOUBLE) AS tenure_days,
  CASE WHEN orders_total > 1 THEN CAST(last_us - first_us AS DOUBLE) / CAST(86400000000 * (orders_total - 1) AS DOUBLE) END AS interpurchase_days,
  orders_7d AS orders_7d,
  orders_30d AS orders_30d,
  orders_90d AS orders_90d,
  orders_total AS orders_total,
  net_spend_30d AS net_spend_30d,
  net_spend_90d AS net_spend_90d,
  net_spend_total AS net_spend_total,
  CASE WHEN orders_total > 0 THEN CAST(net_spend_total AS DOUBLE) / CAST(orders_total * minor_per_major AS DOUBLE) END AS aov_total,
  CASE WHEN gross_total > 0 THEN CAST(refund_total AS DOUBLE) / CAST(gross_total AS DOUBLE) END AS refund_ratio_total
FROM folded
ORDER BY row_id
