-- Everybody with a valid order, as known before the instant that the store is asked for.
WITH people AS (
  SELECT
    o.store_id AS store_id,
    o.customer AS entity
  FROM {{ ref('stores') }} AS s
  INNER JOIN {{ ref('orders') }} AS o
    ON o.store_id = s.store_id
    AND o.known_us < s.as_of_us AND s.as_of_us <= o.known_until_us
    AND o.valid
    AND o.occurred_us < s.as_of_us
  GROUP BY o.store_id, o.customer
)
SELECT
  CAST(ROW_NUMBER() OVER (ORDER BY p.store_id, p.entity) - 1 AS BIGINT) AS row_id,
  p.store_id AS store_id,
  p.entity AS entity,
  s.as_of_us AS as_of_us,
  s.minor_per_major AS minor_per_major
FROM people AS p
INNER JOIN {{ ref('stores') }} AS s
  ON s.store_id = p.store_id
