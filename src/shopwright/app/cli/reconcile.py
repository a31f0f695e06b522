"""``shopwright reconcile``: ask stores what they updated, fetch what was missed, mend webhooks."""

from typing import TYPE_CHECKING

import click

from shopwright.app.cli.options import STORE
from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.errors import NotReady
from shopwright.core.types.identity import StoreId

if TYPE_CHECKING:
    from shopwright.app.healing import Healed

PARTITION = "healer"


@click.command()
@click.argument("stores", type=STORE, nargs=-1)
@click.option("--all", "everyone", is_flag=True, help="Every connected store.")
@click.option("--due", is_flag=True, help="Every connected store whose look is due.")
@click.option("--compare", is_flag=True, help="Compare all ids too, to find what is gone.")
@json_option
@pass_session
def command(
    session: Session,
    stores: tuple[StoreId, ...],
    everyone: bool,
    due: bool,
    compare: bool,
    as_json: bool,
) -> None:
    """Ask stores what they updated, and fetch what was missed.

    The scheduler does this every hour by itself. Webhook subscriptions that Shopify removed are
    made again; subscriptions of other apps are left alone.
    """
    if sum((bool(stores), everyone, due)) != 1:
        raise click.UsageError("Name stores, or --all, or --due.")
    from shopwright.app.bootstrap import open_intake  # noqa: PLC0415
    from shopwright.app.healing import Healer  # noqa: PLC0415
    from shopwright.app.shopify import open_shopify  # noqa: PLC0415

    shopify = open_shopify(session.settings)
    connections = [one for one in shopify.connections.all() if not stores or one.store_id in stores]
    unknown = set(stores) - {one.store_id for one in connections}
    if unknown:
        first = min(unknown)
        raise NotReady(f"{first}: this store is not connected; shopwright connect {first}")
    healer = Healer(shopify, open_intake(session.settings, PARTITION).accept)
    if due:
        connections = healer.due()
    healed: list[Healed] = []
    if compare:
        healed = [healer.heal(one, compare=True) for one in connections]
    else:
        healer.heal_all(connections, healed.append)
    emit(as_json, healed, lambda: _text(healed))
    troubled = [one.trouble for one in healed if one.trouble]
    if troubled:
        raise NotReady("; ".join(troubled))


def _text(healed: "list[Healed]") -> str:
    if not healed:
        return "no store is due"
    rows = [
        (
            one.store_id,
            f"{one.looked_at:,}",
            f"{one.missing:,}",
            f"{one.gone:,} gone, {one.merged:,} merged" if one.compared else "not now",
            f"{one.subscriptions_changed:,}",
        )
        for one in healed
        if not one.trouble
    ]
    return table(["store", "updated there", "missed here", "ids compared", "webhooks mended"], rows)
