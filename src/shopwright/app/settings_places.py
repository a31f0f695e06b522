"""The settings that say where things lie."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from shopwright.app.setting import Secret, shown


class Places(Struct, frozen=True, kw_only=True):
    """The data folder, and what must lie outside of it."""

    home: Annotated[
        Path,
        Meta(description="The data folder.", extra=shown("folder")),
    ] = Path(".shopwright")
    master_key_file: Annotated[
        Path,
        Meta(
            description="The file with the master key, which opens `keys.db`. Left out, it is the "
            "data folder's name with `.key` behind it, beside the data folder: a backup of the "
            "data folder alone opens nothing.",
            extra=shown("file"),
        ),
    ] = Path(".shopwright.key")
    master_key: Annotated[
        Secret | None,
        Meta(
            description="The master key itself, instead of the file: 32 bytes in base64.",
            extra=shown("base64", secret=True),
        ),
    ] = None
    erasure_journal: Annotated[
        Path,
        Meta(
            description="The file in which every erasure is noted once more, so that an old copy "
            "of the data folder brings nobody back. Left out, it is the data folder's name with "
            "`.erasures` behind it, beside the data folder; it must lie outside of it.",
            extra=shown("file"),
        ),
    ] = Path(".shopwright.erasures")
