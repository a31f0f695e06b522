SELECT
  s.store_id AS store_id,
  s.entity AS customer,
  s.as_of_us AS as_of_us,
  f.*
FROM {{ ref('spine') }} AS s
INNER JOIN {{ ref('customer') }} AS f
  ON f.row_id = s.row_id
