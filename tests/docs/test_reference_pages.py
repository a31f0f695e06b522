"""docs/cli.md, docs/settings.md and docs/metrics.md are what the program says of itself."""

import re
from pathlib import Path

import pytest

from shopwright.app.cli.program import ENTRIES
from shopwright.app.metrics import METRICS
from shopwright.app.reference import pages
from shopwright.app.settings import every_setting

DOCS = Path(__file__).parents[2] / "docs"
REMEDY = "write it again with: python -m shopwright.app.reference docs"


@pytest.mark.parametrize("name", ["cli.md", "settings.md", "metrics.md"])
def test_a_reference_page_is_made_of_the_program(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], f"docs/{name}: {REMEDY}"


def test_every_command_setting_and_metric_has_its_place() -> None:
    found = pages()
    for name, entry in ENTRIES.items():
        assert (f"## `shopwright {name}`" in found["cli.md"]) != entry.hidden
    for setting in every_setting():
        assert f"## `{setting.name}`\n\n{setting.meaning}" in found["settings.md"]
    for metric in METRICS:
        assert f"| `{metric.name}` |" in found["metrics.md"]


def test_every_option_is_explained() -> None:
    for line in pages()["cli.md"].splitlines():
        if line.startswith("| `--"):
            meaning = re.split(r"(?<!\\)\|", line)[2]
            assert len(meaning.split()) >= 2, line
