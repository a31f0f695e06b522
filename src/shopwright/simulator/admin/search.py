"""Reads the part of Shopify's search syntax that compares dates, ids and states.

Terms stand side by side and must all hold: ``updated_at:>='2026-11-01T00:00:00Z' test:false``.
https://shopify.dev/docs/api/usage/search-syntax
"""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from shopwright.core.clock import from_datetime
from shopwright.core.errors import BadInput

_TERM = re.compile(r"\s*(?:AND\s+)?([a-z_]+):(>=|<=|>|<)?('[^']*'|\"[^\"]*\"|[^\s'\"]+)", re.ASCII)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "": operator.eq,
}

Matches = Callable[[Mapping[str, Any]], bool]


def parse(query: str | None, columns: Mapping[str, str]) -> Matches:
    """Return whether a node matches; ``columns`` gives the node's field for each search word.

    Shopify passes over words that it does not know; here they are refused, for a search that is
    ignored finds everything. Raises BadInput.
    """
    terms = []
    at = 0
    text = query or ""
    while text[at:].strip():
        found = _TERM.match(text, at)
        if found is None or found[1] not in columns:
            raise BadInput(f"the search {text!r} is not understood at character {at}")
        terms.append((columns[found[1]], _COMPARE[found[2] or ""], found[3].strip("'\"")))
        at = found.end()
    return lambda node: all(
        node[field] is not None and compare(*_both(node[field], value))
        for field, compare, value in terms
    )


def _both(found: Any, asked: str) -> tuple[Any, Any]:
    """Return what a node says and what was asked for, so that the two can be compared."""
    text = str(found)
    if re.match(r"\d{4}-\d\d-\d\dT", text):
        return instant(text), instant(asked)
    if text.startswith("gid://"):
        return int(text.rpartition("/")[2]), int(asked.rpartition("/")[2])
    return text.lower(), asked.lower()


@lru_cache(maxsize=65_536)
def instant(text: str) -> int:
    """Return a date as epoch microseconds. Raises BadInput."""
    try:
        return from_datetime(datetime.fromisoformat(text))
    except ValueError:
        raise BadInput(f"{text!r} is not a date with time and offset") from None
