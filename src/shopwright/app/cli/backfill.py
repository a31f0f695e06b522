"""``shopwright backfill``: take a connected store's history in again, and compare."""

import click

from shopwright.app.cli.options import STORE
from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.errors import NotReady
from shopwright.core.types.identity import StoreId

PARTITION = "connect"


@click.command()
@click.argument("store", type=STORE)
@click.option("--days", type=click.IntRange(1, 36_600), help="How far back orders are taken in.")
@json_option
@pass_session
def command(session: Session, store: StoreId, days: int | None, as_json: bool) -> None:
    """Take a connected store's history in, and compare.

    One that was interrupted, or that did not match, goes on where it was; otherwise everything is
    read again. What is here already adds nothing.
    """
    from shopwright.app.bootstrap import open_intake  # noqa: PLC0415
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415
    from shopwright.app.connecting import Connecting, summary  # noqa: PLC0415
    from shopwright.app.progress import watched  # noqa: PLC0415
    from shopwright.app.shopify import open_shopify  # noqa: PLC0415

    shopify = open_shopify(session.settings)
    connection = shopify.connections.get(store)
    if connection is None:
        raise NotReady(f"{store}: this store is not connected; shopwright connect {store}")
    connecting = Connecting(shopify, store)
    intake = open_intake(session.settings, PARTITION)
    planned = connecting.plan(connection, days, shopify.backfill(intake.accept))
    with watched() as watch:
        taken = connecting.take_in(planned, intake.accept, watch)
    bring_up_to_date(session.settings)
    proven = connecting.prove(taken)
    emit(as_json, proven, lambda: "\n".join(summary(proven)))
    if any(one.state != "proven" for one in proven):
        raise NotReady(f"{store}: what Shopify counts is not all here; training waits for it")
