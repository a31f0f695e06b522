{# Counts and sums are never null: where there is nothing to count they are zero. #}
{% test always_known(model, columns) %}
SELECT *
FROM {{ model }}
WHERE {% for column in columns %}{{ column }} IS NULL{{ ' OR ' if not loop.last }}{% endfor %}
{% endtest %}
