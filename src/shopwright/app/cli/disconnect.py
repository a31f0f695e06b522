"""``shopwright disconnect``: no more webhooks, no more questions; what was learned stays."""

import click

from shopwright.app.cli.options import STORE
from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.errors import NotReady, ShopTrouble
from shopwright.core.types.identity import StoreId


@click.command()
@click.argument("store", type=STORE)
@json_option
@pass_session
def command(session: Session, store: StoreId, as_json: bool) -> None:
    """Let go of a store: its webhooks and its credential.

    The subscriptions are removed in the shop, the credential is destroyed here. History,
    features and models stay; `shopwright redact --whole-store` erases them. Webhooks that are
    still on their way are believed as long as the store's secret is here.
    """
    from shopwright.app.letting_go import let_go  # noqa: PLC0415
    from shopwright.app.shopify import open_shopify  # noqa: PLC0415
    from shopwright.pipelines.subscribe import unsubscribe  # noqa: PLC0415

    shopify = open_shopify(session.settings)
    connection = shopify.connections.get(store)
    if connection is None and shopify.vault.get(store) is None:
        raise NotReady(f"{store}: this store is not connected; `shopwright stores list` shows them")
    removed, trouble = 0, ""
    try:
        removed = unsubscribe(shopify.client, store, shopify.webhook_address())
    except (ShopTrouble, NotReady) as error:
        # The app may be uninstalled already; then Shopify has removed its subscriptions itself.
        trouble = str(error)
    let_go(session.settings, store)
    emit(
        as_json,
        {"store_id": store, "subscriptions_removed": removed, "trouble": trouble},
        lambda: "\n".join(
            line
            for line in (
                f"{store}: disconnected; {removed} webhook subscriptions removed",
                f"the shop could not be asked: {trouble}" if trouble else "",
            )
            if line
        ),
    )
