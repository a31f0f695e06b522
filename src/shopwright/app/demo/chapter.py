"""What every chapter of the demo is given."""

from collections.abc import Callable

from msgspec import Struct

from shopwright.app.settings import Settings
from shopwright.core.clock import Clock

Tell = Callable[[str, int, int | None], None]
"""(what is being done, units done, units in all) for a progress bar."""


class Chapter(Struct, frozen=True, kw_only=True):
    """What every chapter is given."""

    settings: Settings
    clock: Clock
    seed: int
    scale: str
    tell: Tell
