"""``shopwright checkpoint``: a verified copy of the ledger, and the end of old log segments."""

import click

from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session


@click.command()
@json_option
@pass_session
def command(session: Session, as_json: bool) -> None:
    """Make a verified copy of the ledger to replay from.

    The worker has this done every `checkpoint_every_hours`. With `keep_log_days` it then removes
    log segments that lie behind the copy and behind every consumer. Webhooks and features go on.
    """
    from msgspec.structs import asdict  # noqa: PLC0415

    from shopwright.app.checkpointing import checkpoint  # noqa: PLC0415

    made = checkpoint(session.settings)
    removed = (
        f"; {made.segments_removed:,} log segments removed ({made.bytes_removed:,} bytes)"
        if made.segments_removed
        else ""
    )
    emit(
        as_json,
        asdict(made),
        lambda: f"checkpoint of revision {made.revision:,}, digest {made.digest}{removed}",
    )
