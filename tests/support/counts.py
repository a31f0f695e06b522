"""How many random cases a test runs: few in `make test`, all of them in `make soak`."""

import os

SOAKING = int(os.environ.get("SOAK", "1")) > 1


def cases(few: int, full: int) -> int:
    """Return how many cases to run now."""
    return full if SOAKING else few
