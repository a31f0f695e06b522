"""The settings that put a larger engine in the place of an embedded one."""

from typing import Annotated

from msgspec import Meta

from shopwright.app.setting import Secret, shown
from shopwright.app.settings_work import Work


class Engines(Work, frozen=True, kw_only=True):
    """Which engine holds what; every default is embedded and needs no server."""

    redis_url: Annotated[
        Secret | None,
        Meta(
            description="The Redis server that holds the online store in place of the LMDB file in "
            "the data folder; it may hold a password, so only the environment may name it.",
            extra=shown("URL", allowed="redis://…, rediss://… or unix://…", secret=True),
        ),
    ] = None
    redis_prefix: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_.-]{1,64}$",
            description="What every key in Redis begins with, so that installations can share a "
            "server.",
            extra=shown("", allowed="up to 64 letters, digits and _ . -"),
        ),
    ] = "shopwright"
