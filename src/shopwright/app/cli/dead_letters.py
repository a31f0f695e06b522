"""``shopwright dead-letters``: events that are kept but could not be read, and why."""

import click

from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import iso

SHOWN_MAX = 10_000


@click.command()
@click.option(
    "--limit",
    type=click.IntRange(1, SHOWN_MAX),
    default=50,
    show_default=True,
    help="The newest so many.",
)
@json_option
@pass_session
def command(session: Session, limit: int, as_json: bool) -> None:
    """List events that could not be read.

    Each is still in the log with its raw body; nothing was dropped.
    """
    from shopwright.app.bootstrap import open_feed  # noqa: PLC0415

    letters = open_feed(session.settings).dead_letters(limit)
    emit(
        as_json,
        [
            {
                "store_id": letter.store_id,
                "topic": letter.topic,
                "partition": letter.partition,
                "offset": letter.offset,
                "failed_at": iso(letter.failed_us),
                "reason": letter.reason,
            }
            for letter in letters
        ],
        lambda: (
            table(
                ["failed", "store", "topic", "where", "reason"],
                [
                    (
                        iso(letter.failed_us)[:19],
                        letter.store_id,
                        letter.topic,
                        f"{letter.partition}:{letter.offset}",
                        letter.reason,
                    )
                    for letter in letters
                ],
            )
            if letters
            else "none: every event could be read"
        ),
    )
