"""``shopwright audit``: who did what, the newest first."""

import click

from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import iso


@click.command()
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=50,
    show_default=True,
    help="Lines at most.",
)
@json_option
@pass_session
def command(session: Session, limit: int, as_json: bool) -> None:
    """List who did what.

    Sign-ins and failures, keys and users that were made or changed, looks at customers' ids. The
    newest line comes first.
    """
    from shopwright.app.bootstrap import open_audit  # noqa: PLC0415

    entries = open_audit(session.settings).of(limit)
    rows = [
        (iso(one.at_us)[:19] + "Z", one.who, one.did, one.store_id or "", one.about)
        for one in entries
    ]
    emit(
        as_json,
        [
            {
                "number": one.number,
                "at": iso(one.at_us),
                "who": one.who,
                "did": one.did,
                "store_id": one.store_id,
                "about": one.about,
            }
            for one in entries
        ],
        lambda: table(["at", "who", "did", "store", "about"], rows) if rows else "nothing yet",
    )
