"""What a test needs and this machine has not: skipped with a reason, but in CI a failure."""

import os
from typing import NoReturn

import pytest


def absent(what: str, why: str) -> NoReturn:
    """Skip the test and say why; fail it where CI=true, for there nothing may be skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} {why}, and in CI nothing may be skipped for that")
    pytest.skip(f"{what} {why}")
