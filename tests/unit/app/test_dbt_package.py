"""The dbt package: its feature models are the bytes that the embedded engine runs."""

import hashlib
from pathlib import Path

import pytest
from sold_things import Sold

from shopwright.adapters.memory_offline import MemoryOfflineStore
from shopwright.adapters.offline_rows import SCHEMAS, VIEWS
from shopwright.app.dbt_package import EXPORTED, exported_macros, package_folder, write_package
from shopwright.core.errors import BadInput
from shopwright.core.ports import Columns
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.features import definitions
from shopwright.features.item_view import ItemView
from shopwright.features.items import ITEM_VIEWS
from shopwright.features.model_files import FOLDER, model_files
from shopwright.features.view import FeatureView
from shopwright.pipelines.point_in_time import features_of_stores, item_spine, spine

PACKAGE = Path(__file__).parents[3] / "transform"
REMEDY = "write it again: python -m shopwright.app.reference docs"
every_view = pytest.mark.parametrize(
    "view", [*definitions.VIEWS, *ITEM_VIEWS], ids=lambda view: view.label
)


class Listening(MemoryOfflineStore):
    """An offline store that notes the text that it was given."""

    def query(self, sql: str, store_ids: list[StoreId], spine: Columns | None) -> Columns:  # type: ignore[override]
        self.sql = sql
        return super().query(sql, store_ids, spine)


@every_view
def test_the_embedded_engine_runs_the_very_bytes_of_the_model_file(
    view: FeatureView | ItemView,
) -> None:
    offline, sold = Listening(), Sold("UTC")
    if isinstance(view, ItemView):
        asked = item_spine(view, [sold.store], ["7"], [1])
    else:
        asked = spine(sold.store, [Pseudonym(bytes(16))], [1])
    features_of_stores(offline, view, asked)
    file = (PACKAGE / FOLDER / f"{view.name}.sql").read_bytes()
    assert hashlib.sha256(offline.sql.encode()).digest() == hashlib.sha256(file).digest(), REMEDY


def test_every_generated_file_is_what_the_definitions_say() -> None:
    files = model_files()
    there = {f"{FOLDER}/{path.name}" for path in (PACKAGE / FOLDER).iterdir()}
    assert there == files.keys()
    for name, text in files.items():
        assert (PACKAGE / name).read_text("utf-8") == text, REMEDY


def test_the_lake_models_name_every_relation_and_column_of_the_history() -> None:
    for relation, schema in SCHEMAS.items():
        text = (PACKAGE / "models" / "lake" / f"{relation}.sql").read_text("utf-8")
        assert f"lake('{relation}', [" in text
        named = [line.split("'")[1] for line in text.splitlines() if line.startswith("  ('")]
        assert named == schema.names
    derived = (PACKAGE / "models" / "lake" / "levels.sql").read_text("utf-8")
    flat = " ".join(derived.replace("{{ ref('level_changes') }}", "level_changes").split())
    assert flat.replace("( ", "(").replace(" )", ")") == VIEWS["levels"]


def test_telemetry_is_off_and_the_package_is_found() -> None:
    project = (PACKAGE / "dbt_project.yml").read_text("utf-8")
    assert "send_anonymous_usage_stats: false" in project
    assert package_folder() == PACKAGE


def test_an_export_is_brought_up_to_date_and_never_written_over_anything_else(
    tmp_path: Path,
) -> None:
    store = Sold("Asia/Tokyo").store
    folder = tmp_path / "package"
    write_package(folder, Path("/lake"), {"orders": ["a/1.parquet"]}, [store], 86_400_000_000)
    (folder / "target").mkdir()
    (folder / "target" / "made.json").write_text("by dbt")
    write_package(folder, Path("/lake"), {"orders": ["a/2.parquet"]}, [store], 86_400_000_000)
    exported = (folder / EXPORTED).read_text("utf-8")
    assert "a/2.parquet" in exported
    assert "a/1.parquet" not in exported
    # Noon in Tokyo on 2 January 1970; the day began nine hours before UTC's.
    assert '"from_1d_us": -32400000000' in exported
    assert (folder / "target" / "made.json").read_text() == "by dbt"
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.md").write_text("1")
    with pytest.raises(BadInput, match="something else"):
        write_package(other, Path("/lake"), {}, [store], 1)
    assert [path.name for path in other.iterdir()] == ["chapter.md"]


def test_macros_hold_names_that_are_quoted() -> None:
    text = exported_macros(Path('/a "b"'), {}, [], 1)
    assert 'return("/a \\"b\\"")' in text
