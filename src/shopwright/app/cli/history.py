"""Commands that ask about history first let it become complete, and show how far it is."""

from typing import NamedTuple

from shopwright.app.catch_up import catch_up
from shopwright.app.progress import watched
from shopwright.app.settings import Settings


class Taking(NamedTuple):
    """How many events of the log have been taken into the history."""

    step: str
    done: int
    total: int | None


def bring_up_to_date(settings: Settings) -> None:
    """Wait until features and history hold everything that the log holds."""
    taken = 0
    with watched() as watch:

        def tell(records: int) -> None:
            nonlocal taken
            taken += records
            watch(Taking("taking in events", taken, None))

        catch_up(settings, tell)
