"""How a simulated shop delivers its webhooks: tried again for four hours, and given up after that.

A delivery that fails is repeated eight times with growing pauses, with its first payload, to the
address of then; after eight failures a subscription made through the API is removed.
https://shopify.dev/docs/apps/build/webhooks/troubleshooting-webhooks
"""

import base64
import heapq
import hmac
from collections.abc import Mapping

import msgspec
import numpy as np
from msgspec import Struct

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, iso
from shopwright.simulator.admin.faults import WebhookFaults
from shopwright.simulator.admin.subscriptions import Subscription, Subscriptions
from shopwright.simulator.webhook import SimulatedWebhook, identifier

TIMEOUT_SECONDS = 5.0
CONNECT_SECONDS = 1.0
PAUSES_SECONDS = (10, 30, 90, 300, 900, 1_800, 3_600, 7_200)
"""Eight further tries, the last within four hours of the first."""
QUEUE_MAX = 100_000


class Due(Struct, frozen=True, kw_only=True):
    """One request that is to be sent."""

    uri: str
    headers: Mapping[str, str]
    body: bytes
    subscription: int
    tries: int
    """Before this one."""
    first_us: int


class Deliveries:
    """The queue of one shop's app."""

    def __init__(
        self,
        shop: str,
        client_secret: str,
        subscriptions: Subscriptions,
        rng: np.random.Generator,
    ) -> None:
        self.faults = WebhookFaults()
        self._rng = rng
        self._shop = shop
        self._secret = client_secret.encode()
        self._subscriptions = subscriptions
        self._queue: list[tuple[int, int, Due]] = []
        self._number = 0
        self.delivered = 0
        self.given_up = 0
        self.dropped = 0
        """Because the queue was full."""

    def trigger(self, webhook: SimulatedWebhook, now_us: int) -> int:
        """Queue a webhook for every subscription to its topic; return how many there were."""
        found = self._subscriptions.of_topic(webhook.topic)
        for one in found:
            due = self._due(webhook, one, now_us)
            for at_us in self._sent_at(now_us):
                self._put(at_us, due)
        return len(found)

    def _sent_at(self, now_us: int) -> list[int]:
        """Return when a webhook is sent: once and now, unless something goes wrong."""
        faults = self.faults
        dropped, doubled, late, stale = self._rng.random(4)
        if dropped < faults.dropped_share:
            return []
        first_us = now_us + (self._within_a_day() if late < faults.late_share else 0)
        at_us = [first_us] * (2 if doubled < faults.doubled_share else 1)
        return at_us + ([now_us + self._within_a_day()] if stale < faults.stale_share else [])

    def _within_a_day(self) -> int:
        return int(self._rng.integers(US_PER_SECOND, US_PER_DAY))

    def due(self, now_us: int, limit: int) -> list[Due]:
        """Take what is to be sent now."""
        found: list[Due] = []
        while self._queue and self._queue[0][0] <= now_us and len(found) < limit:
            found.append(heapq.heappop(self._queue)[2])
        return found

    def next_us(self) -> int | None:
        """Return when something is to be sent next, None when nothing waits."""
        return self._queue[0][0] if self._queue else None

    def answered(self, due: Due, status: int | None, now_us: int) -> None:
        """Take note of an answer; None: it took too long, or there was none."""
        if status is not None and 200 <= status < 300:
            self.delivered += 1
            return
        if due.tries < len(PAUSES_SECONDS):
            again = msgspec.structs.replace(due, tries=due.tries + 1)
            self._put(now_us + PAUSES_SECONDS[due.tries] * US_PER_SECOND, again)
            return
        self.given_up += 1
        self._subscriptions.delete(due.subscription)

    def _put(self, at_us: int, due: Due) -> None:
        if len(self._queue) >= QUEUE_MAX:
            self.dropped += 1
            return
        self._number += 1
        heapq.heappush(self._queue, (at_us, self._number, due))

    def _due(self, webhook: SimulatedWebhook, one: Subscription, now_us: int) -> Due:
        body = _only(webhook.body, one.include_fields)
        signature = hmac.digest(self._secret, body, "sha256")
        return Due(
            uri=one.uri,
            headers={
                "content-type": "application/json",
                "x-shopify-topic": webhook.topic,
                "x-shopify-shop-domain": self._shop,
                "x-shopify-hmac-sha256": base64.b64encode(signature).decode(),
                "x-shopify-api-version": one.version,
                "x-shopify-webhook-id": identifier(str(one.number), webhook.webhook_id),
                "x-shopify-event-id": webhook.event_id,
                "x-shopify-triggered-at": iso(webhook.triggered_us),
                **({"x-shopify-name": one.name} if one.name else {}),
            },
            body=body,
            subscription=one.number,
            tries=0,
            first_us=now_us,
        )


def _only(body: bytes, fields: tuple[str, ...]) -> bytes:
    if not fields:
        return body
    whole = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: whole[name] for name in fields if name in whole})
