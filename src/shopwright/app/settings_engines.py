"""The settings that put a larger engine in the place of an embedded one."""

from shopwright.app.settings_work import Work


class Engines(Work, frozen=True, kw_only=True):
    """Which engine holds what; every default is embedded and needs no server."""
