"""The simulated shops behind the demo: who their customers are here, and what is true of them."""

import threading
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from msgspec import Struct

from shopwright.app.demo.deliver import Sender
from shopwright.core.clock import Clock
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.simulator.shop import Shop
from shopwright.simulator.webhook import SimulatedWebhook

HORIZON_DAYS = 30


class Truth(Struct, frozen=True, kw_only=True):
    """What the simulation knows of a customer, and what the best simple rule says."""

    probability: float
    baseline: float | None
    horizon_days: int


class Placed(Struct, frozen=True, kw_only=True):
    """An order that was placed on a click."""

    webhook_id: str
    sent_us: int
    order: Mapping[str, str | int | float | bool | None]


class SimulatedShops:
    """Shops that stay open after their history was told; calls may come from several threads."""

    def __init__(
        self,
        shops: Sequence[Shop],
        pseudonymise: Mapping[StoreId, Callable[[str, str], Pseudonym]],
        open_sender: Callable[[], Sender],
        clock: Clock,
        seed: int,
        happened: Callable[[StoreId, SimulatedWebhook], bool] = lambda _store, _webhook: True,
    ) -> None:
        """``happened`` lets a shop know of what it sells, and says whether we are to be told."""
        self._happened = happened
        self._shops = {StoreId(shop.profile.domain): shop for shop in shops}
        self._customers = {
            store_id: {
                pseudonymise[store_id]("customer", customer): customer
                for customer in shop.accounts()
            }
            for store_id, shop in self._shops.items()
        }
        self._open_sender = open_sender
        self._clock = clock
        self._rng = np.random.default_rng(seed)
        self._turn = threading.Lock()
        self.baseline: Callable[[StoreId, Pseudonym], float | None] = lambda _store, _who: None
        """Set once the models are trained."""

    def customer(self, store_id: str, entity: Pseudonym) -> str:
        """Return Shopify's id of a pseudonym. Raises BadInput."""
        found = self._customers.get(StoreId(store_id), {}).get(entity)
        if found is None:
            raise BadInput(f"{store_id}: this customer came by another way than the simulated shop")
        return found

    def count(self, store_id: StoreId) -> int:
        """Return how many customers have ordered."""
        return len(self._shops[store_id].customers())

    def true_chance(self, store_id: StoreId) -> Callable[[Pseudonym, int], float]:
        """Return the function that gives a customer's true chance as of an instant.

        Somebody whom the simulation does not count (a second account) has none.
        """
        shop, customers = self._shops[store_id], self._customers[store_id]

        def chance(entity: Pseudonym, as_of_us: int) -> float:
            customer = customers.get(entity)
            if customer is None:
                return 0.0
            return shop.true_probability(customer, as_of_us, HORIZON_DAYS)

        return chance

    def first_customer(self, store_id: StoreId) -> tuple[str, Pseudonym]:
        """Return a customer who is likely to order soon: somebody to look at."""
        now_us = self._clock.now_us()
        shop = self._shops[store_id]
        ordered = set(shop.customers())
        entity, customer = max(
            (pair for pair in self._customers[store_id].items() if pair[1] in ordered),
            key=lambda pair: shop.true_probability(pair[1], now_us, HORIZON_DAYS),
        )
        return customer, entity

    def truth(self, store_id: str, entity: Pseudonym) -> Truth:
        """Return the true chance of an order from now on. Raises BadInput."""
        customer = self.customer(store_id, entity)
        shop = self._shops[StoreId(store_id)]
        return Truth(
            probability=shop.true_probability(customer, self._clock.now_us(), HORIZON_DAYS),
            baseline=self.baseline(StoreId(store_id), entity),
            horizon_days=HORIZON_DAYS,
        )

    def place_order(self, store_id: str, entity: Pseudonym) -> Placed:
        """Let a customer order now: the signed webhooks go to the gateway. Raises BadInput."""
        customer = self.customer(store_id, entity)
        with self._turn:
            webhooks = self._shops[StoreId(store_id)].place_order(
                customer, self._clock.now_us(), self._rng
            )
        told = [one for one in webhooks if self._happened(StoreId(store_id), one)]
        sender = self._open_sender()
        sent_us = self._clock.now_us()
        try:
            for webhook in told:
                if sender.send_until_accepted(store_id, webhook) is None:
                    raise BadInput(f"{store_id}: the gateway did not accept the order's webhook")
        finally:
            sender.close()
        return Placed(webhook_id=told[0].webhook_id, sent_us=sent_us, order=_in_short(told[0]))


class _Line(Struct):
    title: str
    quantity: int


class _Order(Struct):
    name: str
    currency: str
    current_subtotal_price: str
    line_items: list[_Line]


def _in_short(webhook: SimulatedWebhook) -> dict[str, str | int | float | bool | None]:
    order = msgspec.json.decode(webhook.body, type=_Order)
    return {
        "name": order.name,
        "merchandise": f"{order.current_subtotal_price} {order.currency}",
        "items": ", ".join(f"{line.quantity} × {line.title}" for line in order.line_items),
    }
