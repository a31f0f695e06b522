"""``shopwright backup``: a copy that was read back, beside the running system."""

from pathlib import Path

import click

from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option(
    "--keys-to",
    type=_FOLDER,
    metavar="FOLDER",
    help="Where the keys go: another place, because with them the data can be read.",
)
@click.option(
    "--verify", "only_verify", is_flag=True, help="Write nothing; read back what is there."
)
@json_option
@pass_session
def command(
    session: Session, folder: Path, keys_to: Path | None, only_verify: bool, as_json: bool
) -> None:
    """Copy everything beside the running system, and read the copy back.

    FOLDER holds one backup, brought up to date each time: what has not changed is not copied again,
    and at every instant the last whole one can be put back. Without --keys-to the keys are not
    copied; nothing of the data can be read without them. The master key is never part of a backup:
    keep a copy of it yourself.
    """
    from msgspec.structs import asdict  # noqa: PLC0415

    from shopwright.app.backup.take import back_up  # noqa: PLC0415
    from shopwright.app.backup.verify import verify  # noqa: PLC0415
    from shopwright.app.bootstrap import open_audit  # noqa: PLC0415
    from shopwright.app.cli.operator import operator_name  # noqa: PLC0415
    from shopwright.app.master_key import read_master_key  # noqa: PLC0415
    from shopwright.app.progress import watched  # noqa: PLC0415
    from shopwright.core.clock import SystemClock, iso  # noqa: PLC0415

    settings, clock = session.settings, SystemClock()
    with watched() as watch:
        if only_verify:
            verified = verify(folder, keys_to, read_master_key(settings), watch)
            copied = 0
        else:
            taken = back_up(settings, folder, keys_to, clock, watch)
            verified, copied = taken.verified, taken.copied
    if not only_verify:
        open_audit(settings).record(
            clock.now_us(),
            f"operator {operator_name()}",
            "backup taken",
            None,
            f"{verified.files:,} files to {folder}",
        )
    keys = "its keys open it" if verified.keys_checked else "keys: not looked at (--keys-to)"
    emit(
        as_json,
        asdict(verified) | {"copied": copied, "folder": str(folder)},
        lambda: (
            f"{folder}: whole; {verified.files:,} files, {verified.size:,} bytes, {copied:,} new; "
            f"of {iso(verified.began_us)}, ledger revision {verified.ledger_revision:,}; {keys}"
        ),
    )
