"""The pages that map promises to tests name tests that exist, and leave none out."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("security.md", "reliability.md", "privacy.md", "operations.md", "backup.md", "access.md")
NUMBERED = re.compile(r"test_[rs]\d\d_")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def named_in(text: str) -> set[str]:
    return set(re.findall(r"`(tests/[\w/]+\.py)`", text))


@pytest.mark.parametrize("name", PAGES)
def test_every_test_that_a_page_names_exists(name: str) -> None:
    missing = sorted(one for one in named_in(page(name)) if not (ROOT / one).exists())
    assert missing == []


def test_every_numbered_test_is_on_a_map() -> None:
    named = {one for name in PAGES for one in named_in(page(name))}
    numbered = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if NUMBERED.match(path.name)
    }
    assert len(numbered) > 20
    assert sorted(numbered - named) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_the_page_leads_somewhere(name: str) -> None:
    linked = re.findall(r"\]\((?!http)([^)#]+)", page(name))
    assert sorted(one for one in linked if not (ROOT / "docs" / one).exists()) == []


def test_the_threats_are_told_in_order() -> None:
    numbers = [int(one) for one in re.findall(r"^\| S(\d+)", page("security.md"), re.MULTILINE)]
    assert numbers == sorted(numbers)
    assert set(range(1, 19)) <= set(numbers)
