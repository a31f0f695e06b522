"""One line of the doctor's report."""

from collections.abc import Callable, Iterator
from typing import Literal

from msgspec import Struct

from shopwright.core.errors import ShopwrightError

Level = Literal["ok", "warn", "fail"]


class Finding(Struct, frozen=True):
    """What was looked at, how it is, and what to do about it."""

    what: str
    level: Level
    says: str
    do: str = ""
    """The next step; empty where there is none."""


def ok(what: str, says: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(what, "ok", says)


def warn(what: str, says: str, do: str) -> Finding:
    """Return a finding that somebody should know of."""
    return Finding(what, "warn", says, do)


def fail(what: str, says: str, do: str = "") -> Finding:
    """Return a finding that must be mended."""
    return Finding(what, "fail", says, do)


def looked(what: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """Return the findings of one look; an error ends it and is a finding itself.

    Any error: whatever is broken, the doctor goes on to look at the rest.
    """
    found: list[Finding] = []
    try:
        for finding in look():
            found.append(finding)  # noqa: PERF402 - what was found before an error is kept
    except (ShopwrightError, OSError) as error:
        found.append(fail(what, str(error)))
    except Exception as error:
        found.append(fail(what, f"unexpected {type(error).__name__}: {error}"))
    return found
