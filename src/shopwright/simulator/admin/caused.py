"""What the API's own changes make a simulated shop tell.

An app that writes a metafield hears of it: Shopify sends ``products/update`` or
``customers/update`` whose payload says nothing new but ``updated_at``.
https://shopify.dev/docs/apps/build/webhooks
"""

from collections import deque

import msgspec

from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.admin.owners import Owner
from shopwright.simulator.webhook import SimulatedWebhook, identifier

WAITING_MAX = 100_000
_encode = msgspec.json.Encoder().encode


class Caused:
    """Webhooks that wait for whoever delivers them."""

    def __init__(self, shop: str) -> None:
        self._shop = shop
        self._waiting: deque[SimulatedWebhook] = deque()
        self._number = 0
        self.dropped = 0
        """Because nobody took them."""

    def changed(self, owner: Owner, holdings: Holdings, timezone: str, now_us: int) -> None:
        """Take note that something of an owner changed: it was updated, and tells so."""
        touched = holdings.touch(owner.typename, owner.number, timezone, now_us)
        if touched is None:
            return
        topic, payload = touched
        self._number += 1
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.popleft()
            self.dropped += 1
        words = (self._shop, "caused", self._number)
        self._waiting.append(
            SimulatedWebhook(
                topic=topic,
                body=_encode(payload),
                triggered_us=now_us,
                webhook_id=identifier(*words, "webhook"),
                event_id=identifier(*words, "event"),
            )
        )

    def take(self) -> list[SimulatedWebhook]:
        """Return what waits, and forget it."""
        found = list(self._waiting)
        self._waiting.clear()
        return found
