"""The feature views as files of the dbt package: the very text that the embedded engine runs.

A first line that is a comment tells dbt what a model depends on; every engine passes over it.
"""

from collections.abc import Iterator, Mapping

from shopwright.features.definitions import VIEWS
from shopwright.features.feature import Aggregate, Derived, Feature
from shopwright.features.item_sql import item_sql
from shopwright.features.item_view import ItemFeature, ItemView
from shopwright.features.items import ITEM_VIEWS
from shopwright.features.sql import point_in_time_sql
from shopwright.features.view import FeatureView

FOLDER = "models/features"


def model_sql(view: FeatureView | ItemView) -> str:
    """Return the SQL of a view as its file holds it."""
    if isinstance(view, ItemView):
        return _depends_on(view.spine, "lines") + item_sql(view)
    return _depends_on("spine", view.relation.name) + point_in_time_sql(view)


def model_files() -> Mapping[str, str]:
    """Return every generated file of the dbt package, by its path in the package."""
    views: list[FeatureView | ItemView] = [*VIEWS, *ITEM_VIEWS]
    files = {f"{FOLDER}/{view.name}.sql": model_sql(view) for view in views}
    files[f"{FOLDER}/features.yml"] = "\n".join(_properties(views)) + "\n"
    return files


def _depends_on(*models: str) -> str:
    refs = ", ".join(f"{{{{ ref('{model}') }}}}" for model in models)
    return f"-- depends_on: {refs}\n"


def _properties(views: list[FeatureView | ItemView]) -> Iterator[str]:
    yield "# Made from the definitions in src/shopwright/features; a test compares the two."
    yield "version: 2"
    yield "models:"
    for view in views:
        yield f"  - name: {view.name}"
        about = f"{view.label}: features of each {view.entity}, one row for each of the spine."
        yield f"    description: {_quoted(about)}"
        known = [one.name for one in view.features if _never_null(one)]
        yield "    data_tests:"
        yield f"      - always_known: {{arguments: {{columns: [{', '.join(known)}]}}}}"
        yield "    columns:"
        yield "      - name: row_id"
        yield f"        description: {_quoted('The row of the spine that is answered.')}"
        yield "        data_tests: [unique, not_null]"
        for one in view.features:
            yield f"      - name: {one.name}"
            yield f"        description: {_quoted(f'{one.says} ({one.unit})')}"


def _never_null(one: Feature | ItemFeature) -> bool:
    if isinstance(one, Derived):
        return False
    return not isinstance(one, Aggregate) or one.operator.empty == "0"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
