{# One row for each store: the instant that features are asked for, and the midnights at which
   windows of days begin in the store's own calendar. -#}
{% set rows = shopwright_stores() %}
{%- for row in rows %}
SELECT
  CAST('{{ row.store_id }}' AS {{ adapter.dispatch('shopwright_type', 'shopwright')('text') }}) AS store_id
  {%- for name, value in row.items() if name != 'store_id' %},
  CAST({{ value }} AS BIGINT) AS {{ name }}
  {%- endfor %}
{{ 'UNION ALL' if not loop.last }}
{%- endfor %}
