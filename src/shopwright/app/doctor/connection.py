"""One connected store: does its token work, has it its scopes, do webhooks come, is all here?

This asks Shopify. A wrong token, a missing scope, a store that is frozen and an API version that is
about to end are each told apart.
"""

from collections.abc import Iterator

from shopwright.admin.scopes import missing
from shopwright.admin.subscriptions import plan, wanted
from shopwright.admin.versions import WARN_DAYS, days_left
from shopwright.app.bootstrap import open_connections
from shopwright.app.connecting import Connecting
from shopwright.app.doctor.finding import Finding, fail, ok, warn
from shopwright.app.reachable import trouble_at
from shopwright.app.settings import Settings
from shopwright.app.shopify import WEBHOOKS_PATH, Shopify, open_shopify
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.errors import ShopwrightError
from shopwright.core.types.connection import Connection
from shopwright.core.types.store import Store
from shopwright.pipelines.subscribe import listed

REFRESH_WARN_DAYS = 14


def connection(settings: Settings, store: Store) -> Iterator[Finding]:
    """Look at one store's connection; nothing for a store that was never connected."""
    known = open_connections(settings).get(store.store_id)
    if known is None:
        return
    shopify = open_shopify(settings)
    what = f"{store.store_id} connection"
    try:
        about = Connecting(shopify, store.store_id).about()
    except ShopwrightError as error:
        yield fail(what, str(error))
        return
    yield ok(what, f"Shopify answers; {known.mode.replace('_', ' ')}, API {known.served_version}")
    yield from _scopes(what, known, about.scopes)
    yield from _version(what, known, shopify)
    yield from _refresh(what, known, shopify)
    yield from _webhooks(what, about.scopes, shopify, store)
    yield from _slices(what, shopify, store)
    yield from _looked(what, known, shopify)


def _scopes(what: str, known: Connection, scopes: tuple[str, ...]) -> Iterator[Finding]:
    for one in missing(scopes):
        says = f"the app was not granted {one.scope}: {one.without}"
        do = f"add it to the app, let the merchant approve, shopwright connect {known.store_id}"
        yield fail(what, says, do) if one.needed else warn(what, says, do)


def _version(what: str, known: Connection, shopify: Shopify) -> Iterator[Finding]:
    served = known.served_version or known.api_version
    left = days_left(served, shopify.clock.now_us())
    if known.served_version and known.served_version != known.api_version:
        says = f"API {known.api_version} is no longer answered; Shopify answers {served} instead"
        yield warn(
            what, says, "set admin_api_version to a supported version, or upgrade Shopwright"
        )
    elif left < WARN_DAYS:
        yield warn(what, f"API {served} may end in {left} days", "upgrade Shopwright")


def _refresh(what: str, known: Connection, shopify: Shopify) -> Iterator[Finding]:
    credential = shopify.vault.get(known.store_id)
    if credential is None or credential.refresh_expires_us is None:
        return
    left = (credential.refresh_expires_us - shopify.clock.now_us()) // US_PER_DAY
    if left < REFRESH_WARN_DAYS:
        says = f"the merchant's consent ends in {left} days unless a token is renewed before"
        yield warn(what, says, f"shopwright reconcile {known.store_id}")


def _webhooks(
    what: str, scopes: tuple[str, ...], shopify: Shopify, store: Store
) -> Iterator[Finding]:
    address = shopify.webhook_address()
    if not address:
        says = "Shopify sends no webhooks here: there is no public address"
        yield warn(what, says, "set public_url, then shopwright reconcile --all")
        return
    wrong = trouble_at(address.removesuffix(WEBHOOKS_PATH))
    if wrong:
        yield warn(what, f"tried from here, webhooks do not arrive: {wrong}", "shopwright up")
    todo = plan(listed(shopify.client, store.store_id), wanted(scopes), address)
    if todo.is_done:
        yield ok(what, f"{len(todo.right)} webhook subscriptions are right")
    else:
        count = len(todo.create) + len(todo.move) + len(todo.delete)
        says = f"{count} webhook subscriptions are missing, elsewhere, or there twice"
        yield warn(what, says, f"shopwright reconcile {store.store_id}")


def _slices(what: str, shopify: Shopify, store: Store) -> Iterator[Finding]:
    slices = shopify.slices.of(store.store_id)
    wrong = [one for one in slices if one.state == "mismatch"]
    for one in wrong:
        do = f"shopwright backfill {store.store_id}"
        yield fail(what, f"{one.name} does not match Shopify: {one.why}; training waits", do)
    if slices and not wrong:
        orders = sum(one.held_count or 0 for one in slices if one.kind == "orders")
        if all(one.state == "proven" for one in slices):
            yield ok(what, f"history is whole: {orders:,} orders counted here and at Shopify")
        else:
            do = f"shopwright backfill {store.store_id}"
            yield warn(what, "history is not taken in yet: training waits", do)


def _looked(what: str, known: Connection, shopify: Shopify) -> Iterator[Finding]:
    every_us = shopify.settings.reconcile_minutes * 60 * US_PER_SECOND
    if known.trouble:
        yield warn(what, f"the last look failed: {known.trouble}", "")
    elif every_us and known.looked_us:
        late_us = shopify.clock.now_us() - known.looked_us - 2 * every_us
        if late_us > 0:
            says = f"was last asked {(late_us + 2 * every_us) // US_PER_DAY} days ago"
            yield warn(what, says, "let `shopwright up` run, or shopwright reconcile --all")
