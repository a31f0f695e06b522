"""The shops of the simulated Shopify: each with its API, its webhooks, and sales as they come."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import StoreId
from shopwright.simulator.admin.access import App
from shopwright.simulator.admin.api import AdminApi
from shopwright.simulator.admin.deliveries import Deliveries, Due
from shopwright.simulator.admin.happenings import Happenings
from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.admin.nodes import number
from shopwright.simulator.admin.schema import API_VERSION
from shopwright.simulator.admin.scopes import EVERY_SCOPE
from shopwright.simulator.admin.subscriptions import COMPLIANCE_TOPICS
from shopwright.simulator.shop import Shop
from shopwright.simulator.webhook import SimulatedWebhook

CLIENT_ID = "simulated-app"
DAY_SECONDS = 86_400.0
SHOP_REDACT_SECONDS = 48 * 3_600


class DoubleShop:
    """One shop; every call may come from another thread."""

    def __init__(  # noqa: PLR0913 - what a shop and its app are made of
        self,
        shop: Shop,
        address: str,
        client_secret: str,
        rng: np.random.Generator,
        now_us: int,
        rate: float,
        scopes: frozenset[str] = EVERY_SCOPE,
        *,
        told_until_us: int | None = None,
    ) -> None:
        """``address`` is where the shop's files are served; ``rate`` is sales a second.

        The API knows of what happened before ``told_until_us``, and of what it is told later.
        """
        self.turn = threading.RLock()
        holdings = Holdings()
        holdings.tell_all(shop.webhooks(until_us=told_until_us))
        self.app = App(CLIENT_ID, client_secret, scopes, lambda: rng.bytes(16).hex())
        self.api = AdminApi(shop.profile, holdings, self.app, now_us, rng, files_at=address)
        self.deliveries = Deliveries(
            shop.profile.domain, client_secret, self.api.state.subscriptions, rng
        )
        self._happenings = Happenings(shop.profile)
        start_us = max(now_us, shop.end_us + US_PER_SECOND)
        self._live: Iterator[SimulatedWebhook] = (
            shop.live(start_us, DAY_SECONDS, rate) if rate > 0 else iter(())
        )
        self._next = next(self._live, None)

    def happen(self, now_us: int) -> int:
        """Let happen what is due; return how many webhooks were triggered.

        What the app's own writes caused is told as well.
        """
        triggered = 0
        with self.turn:
            for webhook in self.api.caused(now_us):
                triggered += self.deliveries.trigger(webhook, now_us)
            while self._next is not None and self._next.triggered_us <= now_us:
                self.api.state.holdings.tell(self._next)
                triggered += self.deliveries.trigger(self._next, now_us)
                self._next = next(self._live, None)
        return triggered

    def happened(self, webhook: SimulatedWebhook) -> bool:
        """Let the shop know of what somebody else delivers; say whether we subscribed to it."""
        with self.turn:
            self.api.state.holdings.tell(webhook)
            return bool(self.api.state.subscriptions.of_topic(webhook.topic))

    def declare_compliance(self, uri: str, now_us: int) -> None:
        """Subscribe to what only an app's TOML can: requests about people, and of the shop."""
        for topic in COMPLIANCE_TOPICS:
            self.api.state.subscriptions.declare(topic, uri, version=API_VERSION, now_us=now_us)

    def uninstall(self, now_us: int) -> int:
        """Let the merchant remove the app; return how many webhooks tell of it.

        Its subscriptions go too, and two days later the shop asks to be forgotten.
        """
        told = self.deliveries.trigger(self._happenings.uninstalled(now_us), now_us)
        self.app.uninstall()
        subscriptions = self.api.state.subscriptions
        for one in subscriptions.all():
            subscriptions.delete(one.number)
        later_us = now_us + SHOP_REDACT_SECONDS * US_PER_SECOND
        return told + self.deliveries.trigger(self._happenings.redact_shop(later_us), later_us)

    def rescope(self, scopes: Iterable[str], now_us: int) -> int:
        """Let the merchant change what the app may do."""
        wanted = frozenset(map(str, scopes))
        told = self._happenings.scopes_updated(sorted(self.app.scopes), sorted(wanted), now_us)
        self.app.rescope(wanted)
        return self.deliveries.trigger(told, now_us)

    def customers(self) -> list[int]:
        """Return the ids of everybody who has an account."""
        return [number(node) for node in self.api.state.holdings.customers()]

    def redact(self, customer: int, now_us: int) -> int:
        """Ask that somebody be forgotten."""
        who, orders = self._person(customer)
        told = self._happenings.redact_customer(who, orders, now_us)
        return self.deliveries.trigger(told, now_us)

    def request_data(self, customer: int, now_us: int) -> int:
        """Ask for what is known of somebody."""
        who, orders = self._person(customer)
        return self.deliveries.trigger(self._happenings.request_data(who, orders, now_us), now_us)

    def redact_shop(self, now_us: int) -> int:
        """Ask that the whole shop be forgotten."""
        return self.deliveries.trigger(self._happenings.redact_shop(now_us), now_us)

    def _person(self, customer: int) -> tuple[dict[str, Any], list[int]]:
        holdings = self.api.state.holdings
        who = holdings.customer(customer)
        if who is None:
            raise BadInput(f"nobody has the id {customer}")
        return who, holdings.orders_of(customer)

    def due(self, now_us: int) -> list[Due]:
        """Take the deliveries that are to be sent now."""
        with self.turn:
            return self.deliveries.due(now_us, 100)

    def answered(self, due: Due, status: int | None, now_us: int) -> None:
        """Take note of a delivery's answer."""
        with self.turn:
            self.deliveries.answered(due, status, now_us)


Send = Callable[[Due], int | None]
TICK_SECONDS = 0.2


@contextmanager
def living(shops: Mapping[StoreId, DoubleShop], send: Send, clock: Clock) -> Iterator[None]:
    """Let the shops sell and deliver for the length of the block."""
    stop = threading.Event()

    def live() -> None:
        while not stop.wait(TICK_SECONDS):
            for shop in shops.values():
                shop.happen(clock.now_us())
                for due in shop.due(clock.now_us()):
                    shop.answered(due, send(due), clock.now_us())

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
