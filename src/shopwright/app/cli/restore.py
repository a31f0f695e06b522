"""``shopwright restore``: a backup put back into an empty data folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session

if TYPE_CHECKING:
    from shopwright.app.backup.restore import Restored

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option(
    "--keys-from",
    type=_FOLDER,
    metavar="FOLDER",
    required=True,
    help="Where `shopwright backup --keys-to` put the keys.",
)
@json_option
@pass_session
def command(session: Session, folder: Path, keys_from: Path, as_json: bool) -> None:
    """Put a backup back into an empty data folder.

    Put the master key in its place first. The backup is read back before anything is written, and
    the data folder gets its name at the end: cut off, the command is simply run again. Whoever was
    erased since the backup was taken is erased from it again. Features and history are made anew
    by the worker; people sign in again.
    """
    from msgspec.structs import asdict  # noqa: PLC0415

    from shopwright.app.backup.restore import restore  # noqa: PLC0415
    from shopwright.app.cli.operator import operator_name  # noqa: PLC0415
    from shopwright.app.progress import watched  # noqa: PLC0415
    from shopwright.core.clock import SystemClock  # noqa: PLC0415

    who = f"operator {operator_name()}"
    with watched() as watch:
        done = restore(session.settings, folder, keys_from, SystemClock(), who, watch)
    emit(as_json, asdict(done), lambda: _text(done))


def _text(done: "Restored") -> str:
    from shopwright.core.clock import iso  # noqa: PLC0415

    again = [
        f"{count:,} {what}"
        for count, what in (
            (done.erased_again, "people and orders"),
            (done.stores_erased_again, "stores"),
        )
        if count
    ]
    lines = [
        f"{done.home}: as it was at {iso(done.verified.began_us)}, {done.verified.files:,} files",
        f"erased since then: {' and '.join(again)}; the worker erases them again first"
        if again
        else "nobody in it was erased since then",
        "Features and history are made anew from the ledger, by the worker. What Shopify sent "
        "since then is not here.",
        "Next: shopwright doctor, then shopwright up",
    ]
    return "\n".join(lines)
