"""``shopwright master-key``: the key that opens all other keys."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session

if TYPE_CHECKING:
    from shopwright.app.key_rotation import Rotated


@click.group()
def command() -> None:
    """Change the master key."""


@command.command()
@click.option(
    "--new-key-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A file with the new key, 32 bytes in base64; without it a new key is made.",
)
@json_option
@pass_session
def rotate(session: Session, new_key_file: Path | None, as_json: bool) -> None:
    """Wrap every key and secret under a new master key.

    Stop everything first. What was wrapped under the old key is overwritten. A run that was cut off
    is finished by the same command; until then nothing starts. With SHOPWRIGHT_MASTER_KEY set, the
    new key is written to a file, and you put it into the variable yourself.
    """
    from shopwright.app.key_rotation import rotate as rotate_key  # noqa: PLC0415
    from shopwright.app.progress import watched  # noqa: PLC0415

    settings = session.settings
    with watched() as watch:
        rotated = rotate_key(settings, new_key_file, watch)
    emit(as_json, rotated, lambda: "\n".join(_told(rotated)))


def _told(rotated: "Rotated") -> list[str]:
    lines = [f"{rotated.secrets} keys and secrets are wrapped under the new master key"]
    if rotated.old_key_file is not None:
        return [
            *lines,
            f"{rotated.key_file}: the new key; keep a copy of it in another place",
            f"{rotated.old_key_file}: the old key; it opens only backups that were made before. "
            "Delete it together with them",
        ]
    return [
        *lines,
        f"{rotated.key_file}: the new key. Before anything is started:",
        "  1. put the content of that file into SHOPWRIGHT_MASTER_KEY, wherever it is set",
        "  2. keep the old value for as long as you keep backups that were made with it",
        f"  3. delete {rotated.key_file}",
    ]
