"""Each behaviour of Shopify's that our client copes with is in the simulated shop, and matters.

A trial lets the shop behave so and checks the outcome; it must pass, and it must fail once the line
of ours that copes with the behaviour is taken out. A double that is kinder than Shopify, or a check
that cannot fail, would be seen here.
"""

from pathlib import Path

import behaviours_again
import behaviours_answers
import behaviours_bulk
import behaviours_silence
import pytest
from behaviour import Behaviour, made

from shopwright.core.errors import ShopwrightError

BEHAVIOURS = (
    *behaviours_answers.BEHAVIOURS,
    *behaviours_bulk.BEHAVIOURS,
    *behaviours_silence.BEHAVIOURS,
    *behaviours_again.BEHAVIOURS,
)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda one: one.trial.__name__)
def test_we_cope_and_coping_is_needed(
    behaviour: Behaviour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behaviour.trial(made(tmp_path / "coping"))
    behaviour.sabotage(monkeypatch)
    with pytest.raises((AssertionError, ShopwrightError, pytest.fail.Exception)):
        behaviour.trial(made(tmp_path / "sabotaged"))
