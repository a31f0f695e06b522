{# An export (`shopwright features export --dbt DIR`) writes here where the history lies and what is
   asked of it. Without one there is nothing. #}
{% macro shopwright_lake_folder() %}{{ return('') }}{% endmacro %}

{% macro shopwright_lake_files() %}{{ return({}) }}{% endmacro %}

{% macro shopwright_stores() %}{{ return([]) }}{% endmacro %}
