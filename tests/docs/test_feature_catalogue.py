"""docs/features.md is what the definitions say."""

from pathlib import Path

from shopwright.features.catalogue import page
from shopwright.features.definitions import VIEWS
from shopwright.features.item_catalogue import item_page
from shopwright.features.items import ITEM_VIEWS

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def test_the_page_is_made_of_the_definitions() -> None:
    assert PAGE.read_text(encoding="utf-8") == f"{page(VIEWS)}\n{item_page(ITEM_VIEWS)}"


def test_every_feature_of_what_is_sold_is_explained() -> None:
    text = item_page(ITEM_VIEWS)
    for view in ITEM_VIEWS:
        section = text.partition(f"## `{view.label}`")[2].partition("\n## ")[0]
        rows = [[cell.strip() for cell in line.split("|")] for line in section.splitlines()]
        for one in view.features:
            (row,) = [row for row in rows if row[2:3] == [f"`{one.name}`"]]
            assert row[3:5] == [one.says, one.unit]


def test_every_feature_and_what_it_is_made_of_is_explained() -> None:
    text = page(VIEWS)
    for view in VIEWS:
        assert f"## `{view.label}`" in text
        section = text.partition(f"## `{view.label}`")[2].partition("\n## ")[0]
        rows = [[cell.strip() for cell in line.split("|")] for line in section.splitlines()]
        for one in view.features:
            (row,) = [row for row in rows if row[2:3] == [f"`{one.name}`"]]
            assert [row[1], row[3], row[4]] == [one.kind, one.says, one.unit]
        for one in view.inputs:
            (row,) = [row for row in rows if row[1:2] == [f"`{one.name}`"]]
            assert [row[2], row[3]] == [one.says, one.unit]
        for column, lineage in view.relation.lineage.items():
            assert f"| `{column}` | {lineage} |" in section
