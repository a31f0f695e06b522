"""docs/features.md is what the definitions say."""

from pathlib import Path

from shopwright.features.catalogue import page
from shopwright.features.definitions import VIEWS
from shopwright.features.item_catalogue import item_page
from shopwright.features.items import ITEM_VIEWS

PAGE = Path(__file__).parents[2] / "docs" / "features.md"
REMEDY = (
    "docs/features.md differs from the definitions; write it again with:\n"
    'python -c "from shopwright.features.catalogue import page; '
    "from shopwright.features.definitions import VIEWS; "
    "from shopwright.features.item_catalogue import item_page; "
    "from shopwright.features.items import ITEM_VIEWS; "
    "print(page(VIEWS), item_page(ITEM_VIEWS), sep='\\n', end='')\" > docs/features.md"
)


def test_the_page_is_made_of_the_definitions() -> None:
    assert PAGE.read_text(encoding="utf-8") == f"{page(VIEWS)}\n{item_page(ITEM_VIEWS)}", REMEDY


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
