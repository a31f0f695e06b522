SELECT
  s.store_id AS store_id,
  s.item AS variant_id,
  s.as_of_us AS as_of_us,
  f.*
FROM {{ ref('variant_spine') }} AS s
INNER JOIN {{ ref('variant') }} AS f
  ON f.row_id = s.row_id
