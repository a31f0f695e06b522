SELECT
  s.store_id AS store_id,
  s.item AS product_id,
  s.as_of_us AS as_of_us,
  f.*
FROM {{ ref('product_spine') }} AS s
INNER JOIN {{ ref('product') }} AS f
  ON f.row_id = s.row_id
