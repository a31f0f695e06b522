"""How far a backup or restore has come, for whoever watches."""

from collections.abc import Callable

from msgspec import Struct


class Stage(Struct, frozen=True):
    """A step of the work, and how much of it is done (``app.progress.Progress``)."""

    step: str
    done: int
    total: int | None


Watch = Callable[[Stage], None]


def nobody(stage: Stage) -> None:
    """Watch nothing."""
