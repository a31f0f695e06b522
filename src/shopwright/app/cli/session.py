"""What every command is given: the settings, read when they are first asked for."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from shopwright.app.settings import Settings


class Session:
    """One run of the command line.

    The settings are read late, so that ``--help`` answers where the settings file is broken.
    """

    def __init__(self) -> None:
        self.config: Path | None = None
        self.debug = False
        self.given: dict[str, object] = {}

    @cached_property
    def settings(self) -> "Settings":
        """The settings. Raises BadInput."""
        return self.settings_with({})

    def settings_with(self, given: Mapping[str, object]) -> "Settings":
        """The settings with a command's own options over them. Raises BadInput."""
        from shopwright.app.settings import load  # noqa: PLC0415

        return load(self.config, None, self.given | dict(given))


pass_session = click.make_pass_decorator(Session)
