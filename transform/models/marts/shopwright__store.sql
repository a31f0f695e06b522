SELECT
  s.store_id AS store_id,
  s.as_of_us AS as_of_us,
  f.*
FROM {{ ref('store_spine') }} AS s
INNER JOIN {{ ref('store') }} AS f
  ON f.row_id = s.row_id
