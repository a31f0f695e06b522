{# Everything that was sold and that a column of the lines names, as known before the instant. #}
{% macro things(column) %}
WITH things AS (
  SELECT
    l.store_id AS store_id,
    l.{{ column }} AS item
  FROM {{ ref('stores') }} AS s
  INNER JOIN {{ ref('lines') }} AS l
    ON l.store_id = s.store_id
    AND l.known_us < s.as_of_us AND s.as_of_us <= l.known_until_us
    AND l.sold
    AND NOT l.gift_card
    AND l.quantity > 0
  WHERE l.{{ column }} IS NOT NULL
  GROUP BY l.store_id, l.{{ column }}
)
SELECT
  CAST(ROW_NUMBER() OVER (ORDER BY t.store_id, t.item) - 1 AS BIGINT) AS row_id,
  t.item AS item,
  s.*
FROM things AS t
INNER JOIN {{ ref('stores') }} AS s
  ON s.store_id = t.store_id
{% endmacro %}
