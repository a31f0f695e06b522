"""Connects the demo's stores through a simulated Admin API, by the steps of ``connect``."""

import secrets as chance
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from msgspec import Struct

from shopwright.app.bootstrap import open_intake
from shopwright.app.catch_up import catch_up
from shopwright.app.connecting import Connecting
from shopwright.app.demo.chapter import Chapter
from shopwright.app.double.server import DoubleServer, serving
from shopwright.app.double.shops import DoubleShop
from shopwright.app.shopify import open_shopify
from shopwright.core.clock import US_PER_SECOND
from shopwright.core.errors import NotReady
from shopwright.core.types.connection import Credential
from shopwright.core.types.event import Event
from shopwright.core.types.identity import StoreId
from shopwright.core.types.log import Appended
from shopwright.pipelines.backfill import Taken
from shopwright.simulator.shop import Shop

PARTITION = "connect"


class Connected(Struct, frozen=True, kw_only=True):
    """What connecting one store proved."""

    store_id: StoreId
    orders: int
    orders_at_shopify: int
    records: int
    """Orders, products, customers and things on the shelves that were taken in."""
    seconds: float


@contextmanager
def shopify(
    chapter: Chapter, shops: Sequence[Shop], until_us: int
) -> Iterator[Mapping[StoreId, DoubleShop]]:
    """Serve an Admin API for each shop, whose past has happened up to an instant."""
    address = chapter.settings.admin_url
    doubles: dict[StoreId, DoubleShop] = {}
    for shop in shops:
        store_id = StoreId(shop.profile.domain)
        rng = np.random.default_rng([chapter.seed, len(doubles)])
        doubles[store_id] = DoubleShop(
            shop,
            f"{address}/{store_id}",
            chance.token_hex(16),
            rng,
            chapter.clock.now_us(),
            0.0,
            told_until_us=until_us,
        )
        chapter.tell("simulated Admin APIs", len(doubles), len(shops))
    port = int(address.rpartition(":")[2])
    with serving(DoubleServer(doubles, chapter.clock), port):
        yield doubles


def connect_all(chapter: Chapter, doubles: Mapping[StoreId, DoubleShop]) -> list[Connected]:
    """Connect every store, take its history in, and prove it. Raises NotReady, ShopTrouble."""
    connecting = _Connecting(chapter)
    began_us = chapter.clock.now_us()
    with ThreadPoolExecutor(len(doubles)) as pool:
        taken = list(pool.map(connecting.take_in, doubles.items()))
    chapter.tell("history through the Admin API", 1, 2)
    catch_up(chapter.settings, clock=chapter.clock)
    seconds = (chapter.clock.now_us() - began_us) / US_PER_SECOND
    chapter.tell("history through the Admin API", 2, 2)
    return [
        connecting.prove(store_id, of_one, seconds)
        for store_id, of_one in zip(doubles, taken, strict=True)
    ]


class _Connecting:
    """The stores of the demo share one process, and so one writer of the log."""

    def __init__(self, chapter: Chapter) -> None:
        self._settings = chapter.settings
        self._shopify = open_shopify(chapter.settings, chapter.clock)
        self._intake = open_intake(chapter.settings, PARTITION)
        self._turn = threading.Lock()

    def take_in(self, of_store: tuple[StoreId, DoubleShop]) -> list[Taken]:
        """Get a token, ask the shop about itself, subscribe, and take history in."""
        store_id, double = of_store
        credential = self._shopify.tokens.begin(
            Credential(
                store_id=store_id,
                mode="client_credentials",
                client_id=double.app.client_id,
                client_secret=double.app.client_secret,
            )
        )
        connecting = Connecting(self._shopify, store_id)
        connection = connecting.know(connecting.about(), credential)
        connecting.subscribe(connection)
        backfill = self._shopify.backfill(self._accept)
        planned = connecting.plan(connection, None, backfill)
        return connecting.take_in(planned, self._accept, lambda _: None)

    def prove(self, store_id: StoreId, taken: Sequence[Taken], seconds: float) -> Connected:
        """Compare what Shopify counts with what is here."""
        proven = Connecting(self._shopify, store_id).prove(taken)
        for one in proven:
            if one.state != "proven":
                raise NotReady(f"{store_id}: {one.name} does not match the shop: {one.why}")
        orders = [one for one in proven if one.kind == "orders"]
        return Connected(
            store_id=store_id,
            orders=sum(one.held_count or 0 for one in orders),
            orders_at_shopify=sum(one.shopify_count or 0 for one in orders),
            records=sum(one.read_count for one in proven),
            seconds=seconds,
        )

    def _accept(self, events: Sequence[Event]) -> Appended:
        with self._turn:
            return self._intake.accept(events)
