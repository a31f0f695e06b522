"""``shopwright mlflow-sync``: tell MLflow of the models that wait; the scheduler runs this."""

import click

from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.errors import NotReady

ITEMS_MAX = 100


@click.command()
@json_option
@pass_session
def command(session: Session, as_json: bool) -> None:
    """Mirror waiting models to MLflow.

    Nothing is served from MLflow: while it is away, models wait and predictions go on.
    """
    from shopwright.app.bootstrap import open_mirror  # noqa: PLC0415

    drained = open_mirror(session.settings).drain(ITEMS_MAX)
    failures = [{"key": failure.key, "reason": failure.reason} for failure in drained.failures]
    emit(
        as_json,
        {"told": drained.told, "failures": failures},
        lambda: f"{drained.told} models were mirrored",
    )
    if failures:
        raise NotReady(f"{len(failures)} models wait; the first: {failures[0]['reason']}")
