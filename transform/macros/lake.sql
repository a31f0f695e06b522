{# What Shopwright exports: which Parquet files hold each relation, and which stores are asked
   about as of which instant. The exported package has its own `shopwright_lake_files` and
   `shopwright_stores` in macros/exported.sql. #}

{% macro lake(relation, columns) %}
  {%- set files = shopwright_lake_files().get(relation, []) -%}
  SELECT
  {%- for name, _ in columns %} {{ name }}{{ ',' if not loop.last }}{% endfor %}
  FROM
  {% if not files -%}
    (SELECT
    {%- for name, type in columns %} CAST(NULL AS {{ adapter.dispatch('shopwright_type', 'shopwright')(type) }}) AS {{ name }}{{ ',' if not loop.last }}{% endfor %}) AS nothing
    WHERE 1 = 0
  {%- else -%}
    {{ adapter.dispatch('shopwright_files', 'shopwright')(shopwright_lake_folder(), relation, files) }}
  {%- endif -%}
{% endmacro %}

{% macro duckdb__shopwright_files(folder, relation, files) -%}
  read_parquet([
    {%- for file in files %}'{{ folder }}/{{ relation }}/{{ file }}'{{ ', ' if not loop.last }}{% endfor -%}
  ], hive_partitioning = false)
{%- endmacro %}

{% macro spark__shopwright_files(folder, relation, files) -%}
  parquet.`{{ folder }}/{{ relation }}/{% raw %}{{% endraw %}{{ files | join(',') }}{% raw %}}{% endraw %}`
{%- endmacro %}

{% macro duckdb__shopwright_type(type) -%}
  {{ {'text': 'VARCHAR', 'binary': 'BLOB', 'integer': 'BIGINT', 'small': 'INTEGER', 'flag': 'BOOLEAN'}[type] }}
{%- endmacro %}

{% macro spark__shopwright_type(type) -%}
  {{ {'text': 'STRING', 'binary': 'BINARY', 'integer': 'BIGINT', 'small': 'INT', 'flag': 'BOOLEAN'}[type] }}
{%- endmacro %}

{# The feature models name their relations without a schema, as the embedded engine does. #}
{% macro shopwright_use_schema() -%}
  {{ adapter.dispatch('shopwright_use_schema', 'shopwright')() }}
{%- endmacro %}

{% macro duckdb__shopwright_use_schema() -%}
  USE {{ target.database }}.{{ target.schema }}
{%- endmacro %}

{% macro spark__shopwright_use_schema() -%}
  USE {{ target.schema }}
{%- endmacro %}
