"""The demo, chapter by chapter: shops are connected and sell, models train, a console lives."""

import secrets as chance
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import msgspec
from msgspec import Struct

from shopwright.app.bootstrap import open_keys
from shopwright.app.catch_up import catch_up
from shopwright.app.demo.chapter import Chapter
from shopwright.app.demo.connect import Connected, connect_all, shopify
from shopwright.app.demo.deliver import Delivered, Sender, deliver_all
from shopwright.app.demo.parity import Parity, compare
from shopwright.app.demo.shop_server import shop_server
from shopwright.app.demo.shops import SimulatedShops
from shopwright.app.demo.simple_rule import simple_rule
from shopwright.app.demo.system import system
from shopwright.app.demo.training import StoreResult, train_all
from shopwright.app.master_key import KEY_BYTES, write_master_key
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store
from shopwright.simulator.webhook import SimulatedWebhook

LIVE_DAYS = 60
"""What happened before comes through the Admin API, what came since by webhook."""
CONNECTIONS = 24
"""More in flight share each sync of the disk; the order of arrival is not that of the shop."""


class Result(Struct, frozen=True, kw_only=True):
    """What the demo did."""

    settings: Settings
    connected: Sequence[Connected]
    delivered: Delivered
    stores: Sequence[StoreResult]
    parity: Parity
    example: tuple[StoreId, str]
    """A store and a customer's id to try things with."""
    secret: bytes
    """The example store's webhook secret."""


@contextmanager
def demo(chapter: Chapter, shop_port: int) -> Iterator[Result]:
    """Run the whole demo; the console and the shops stay up for the length of the block."""
    settings = chapter.settings
    write_master_key(settings, chance.token_bytes(KEY_BYTES))
    with ExitStack() as running:
        running.enter_context(system(chapter))
        opened = open_shops(chapter)
        live_from_us = opened[0].end_us - LIVE_DAYS * US_PER_DAY
        doubles = running.enter_context(shopify(chapter, opened, live_from_us))
        connected = connect_all(chapter, doubles)
        store_secrets = {
            str(store_id): double.app.client_secret.encode() for store_id, double in doubles.items()
        }

        def open_sender() -> Sender:
            return Sender(settings.host, settings.port, store_secrets, chapter.clock)

        def happened(store_id: StoreId, webhook: SimulatedWebhook) -> bool:
            return doubles[store_id].happened(webhook)

        counts = {shop.profile.domain: 0 for shop in opened}
        live = _live(opened, live_from_us, happened, counts)
        delivered = deliver(chapter, live, open_sender)
        chapter.tell("features and history", 0, 1)
        catch_up(settings, clock=chapter.clock)
        chapter.tell("features and history", 1, 1)
        keys = StoreKeys(open_keys(settings))
        shops = SimulatedShops(
            opened,
            {store_id: keys.pseudonymiser(store_id) for store_id in map(StoreId, counts)},
            open_sender,
            chapter.clock,
            chapter.seed,
            happened,
        )
        stores = train_all(chapter, shops, counts)
        shops.baseline = simple_rule(settings, [result.store for result in stores])
        running.enter_context(shop_server(shops, shop_port))
        first = StoreId(opened[0].profile.domain)
        yield Result(
            settings=settings,
            connected=connected,
            delivered=delivered,
            stores=stores,
            parity=compare(settings, [one.store for one in stores], chapter.clock.now_us()),
            example=(first, shops.first_customer(first)[0]),
            secret=store_secrets[first],
        )


def open_shops(chapter: Chapter) -> list[Shop]:
    """Let the three shops live through their past."""
    end_us = chapter.clock.now_us()
    shops: list[Shop] = []
    for profile in PROFILES:
        chapter.tell("simulated shops", len(shops), len(PROFILES))
        shops.append(open_store(profile, end_us, chapter.seed, chapter.scale))
    chapter.tell("simulated shops", len(shops), len(PROFILES))
    return shops


def deliver(
    chapter: Chapter,
    webhooks: Iterable[tuple[str, SimulatedWebhook]],
    open_sender: Callable[[], Sender],
) -> Delivered:
    """Send webhooks to the gateway, signed, over HTTP."""
    sent = 0

    def on_sent() -> None:
        nonlocal sent
        sent += 1
        chapter.tell("signed webhooks", sent, None)

    return deliver_all(webhooks, open_sender=open_sender, connections=CONNECTIONS, on_sent=on_sent)


def _live(
    shops: Sequence[Shop],
    from_us: int,
    happened: Callable[[StoreId, SimulatedWebhook], bool],
    counts: dict[str, int],
) -> Iterator[tuple[str, SimulatedWebhook]]:
    """Let the last days happen in every shop; yield what we are told of them."""
    for shop in shops:
        domain = shop.profile.domain
        for webhook in shop.webhooks(from_us):
            if happened(StoreId(domain), webhook):
                counts[domain] += 1
                yield domain, webhook


def as_json(result: Result) -> bytes:
    """Return what happened, for machines."""
    return msgspec.json.encode(
        {
            "url": f"http://{result.settings.host}:{result.settings.port}/console/",
            "home": str(result.settings.home),
            "connected": result.connected,
            "webhooks": result.delivered,
            "stores": result.stores,
            "parity": result.parity,
        },
        enc_hook=str,
    )
