"""docs/importing.md says what an import does: its map works, and its reasons are all there are."""

import re
from pathlib import Path

from shopwright.events.column_map import DEFAULT, REQUIRED, Columns, Rules, parse
from shopwright.events.transaction_rows import SAYS, Fate
from shopwright.pipelines.import_file import MALFORMED_ROW

PAGE = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")


def test_the_map_on_the_page_is_the_built_in_one_with_every_key() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert parse(text, "docs/importing.md") == DEFAULT
    for key in (*Columns.__struct_fields__, *Rules.__struct_fields__):
        assert re.search(rf"^{key} = ", text, re.MULTILINE), key


def test_every_role_is_explained_and_said_to_be_required_or_not() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (yes|no) \|", PAGE, re.MULTILINE))
    expected = {role: "yes" if role in REQUIRED else "no" for role in Columns.__struct_fields__}
    assert rows == expected


def test_every_reason_is_explained_and_no_other() -> None:
    reasons = re.findall(r"^\| `(\w+)` \| (?!yes|no \|)", PAGE, re.MULTILINE)
    kept = (Fate.LINE, Fate.MATCHED, Fate.PARTLY_MATCHED)
    assert sorted(reasons) == sorted(
        [MALFORMED_ROW, *(fate.key for fate in SAYS if fate not in kept)]
    )
