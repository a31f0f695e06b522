"""The shops of the simulated Shopify: each with its API, its webhooks, and sales as they come."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.types.identity import StoreId
from shopwright.simulator.admin.access import App
from shopwright.simulator.admin.api import AdminApi
from shopwright.simulator.admin.deliveries import Deliveries, Due
from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.admin.scopes import EVERY_SCOPE
from shopwright.simulator.shop import Shop
from shopwright.simulator.webhook import SimulatedWebhook

CLIENT_ID = "simulated-app"
DAY_SECONDS = 86_400.0


class DoubleShop:
    """One shop; every call may come from another thread."""

    def __init__(
        self,
        shop: Shop,
        address: str,
        client_secret: str,
        rng: np.random.Generator,
        now_us: int,
        rate: float,
        scopes: frozenset[str] = EVERY_SCOPE,
    ) -> None:
        """``address`` is where the shop's files are served; ``rate`` is sales a second."""
        self.turn = threading.RLock()
        holdings = Holdings()
        holdings.tell_all(shop.webhooks())
        self.app = App(CLIENT_ID, client_secret, scopes, lambda: rng.bytes(16).hex())
        self.api = AdminApi(shop.profile, holdings, self.app, now_us, rng, files_at=address)
        self.deliveries = Deliveries(
            shop.profile.domain, client_secret, self.api.state.subscriptions
        )
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
