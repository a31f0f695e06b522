SELECT
  CAST(ROW_NUMBER() OVER (ORDER BY s.store_id) - 1 AS BIGINT) AS row_id,
  CAST('' AS {{ adapter.dispatch('shopwright_type', 'shopwright')('text') }}) AS item,
  s.*
FROM {{ ref('stores') }} AS s
