"""``shopwright up``: run the whole system, or one role of it in the foreground."""

import click

from shopwright.app.cli.session import Session, pass_session


@click.command()
@click.option(
    "--role",
    type=click.Choice(["all", "web", "worker", "scheduler"]),
    default="all",
    show_default=True,
    help="What to run; one role runs in this very process.",
)
@click.option("--workers", "web_workers", type=int, help="Web processes; setting web_workers.")
@click.option("--host", help="Address to listen on; setting host.")
@click.option("--port", type=int, help="Port to listen on; setting port.")
@click.option("--public-url", help="Address that Shopify reaches; setting public_url.")
@click.option("--number", type=click.IntRange(0, 63), default=0, hidden=True)
@click.option("--lifeline", type=click.IntRange(0), hidden=True)
@click.option("--listener", type=click.IntRange(0), hidden=True)
@pass_session
def command(
    session: Session,
    /,
    role: str,
    number: int,
    lifeline: int | None,
    listener: int | None,
    **options: object,
) -> int:
    """Run the system until it is stopped.

    Starts the web process (gateway, predictions, console), the worker (ledger, features) and the
    scheduler (trainings), and restarts what crashes. Ctrl-C or SIGTERM stops it within ten seconds.
    """
    from shopwright.app.roles import run_role  # noqa: PLC0415

    settings = session.settings_with(options)
    return run_role(role, settings, number=number, lifeline=lifeline, listener=listener)
