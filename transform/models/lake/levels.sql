SELECT
  store_id,
  item,
  location,
  known_us,
  COALESCE(
    LEAD(known_us) OVER (PARTITION BY store_id, item, location ORDER BY known_us),
    9223372036854775807
  ) AS known_until_us,
  available
FROM {{ ref('level_changes') }}
