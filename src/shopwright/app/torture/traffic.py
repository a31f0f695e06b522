"""What is sent, and when: three shops' webhooks, spoiled by all that a road can do to them.

All of it follows from the seed. A parcel is one delivery (one webhook id), due once or often.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from shopwright.core.clock import iso
from shopwright.core.types.identity import StoreId
from shopwright.events.webhook import content_key, delivery_key, sign
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store
from shopwright.simulator.webhook import SimulatedWebhook, identifier

COPIES_MEAN = 1.9
"""Requests a distinct webhook causes on average, from the shares below."""
REPEATED_SHARE = 0.15
"""Sent up to nine times in all, within seconds."""
TWIN_SHARE = 0.03
"""Sent by a second subscription: another webhook id, the same event and body."""
STALE_SHARE = 0.06
"""Sent again much later, when newer states have long been told."""
HELD_SHARE = 0.2
"""Held back, so that later ones overtake it."""
HELD_SECONDS_MAX = 12.0
POISON_SHARE = 0.004
WEBHOOKS_PER_CUSTOMER = 1.25
DAYS = 45

POISONS = (
    b"",
    b"{",
    b'{"id":null}',
    b"\xff\xfe\x00",
    b"[" * 5_000,
    b'{"id":1e999}',
    b'{"id":"a","line_items":7}',
    b"\x00\x00\x00",
)
"""Bodies that are signed and cannot be read: each must become a dead letter."""

Kind = Literal["fact", "twin", "poison", "redact"]


class Parcel(Struct, kw_only=True, eq=False):
    """One delivery, and what came of it."""

    store_id: StoreId
    webhook: SimulatedWebhook
    kind: Kind = "fact"
    sent: int = 0
    acknowledged: bool = False

    @property
    def delivery_key(self) -> bytes:
        """What identifies the delivery in the log."""
        return delivery_key(self.store_id, self.webhook.webhook_id)

    @property
    def content_key(self) -> bytes | None:
        """What identifies what it says."""
        webhook = self.webhook
        return content_key(self.store_id, webhook.topic, webhook.event_id, webhook.body)

    def request(self, host: str, secret: bytes) -> bytes:
        """Return the whole HTTP request, signed, as Shopify would send it."""
        webhook = self.webhook
        head = (
            "POST /webhooks HTTP/1.1\r\n"
            f"Host: {host}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(webhook.body)}\r\n"
            f"X-Shopify-Topic: {webhook.topic}\r\n"
            f"X-Shopify-Hmac-Sha256: {sign(secret, webhook.body)}\r\n"
            f"X-Shopify-Shop-Domain: {self.store_id}\r\n"
            f"X-Shopify-API-Version: {webhook.api_version}\r\n"
            f"X-Shopify-Webhook-Id: {webhook.webhook_id}\r\n"
            f"X-Shopify-Event-Id: {webhook.event_id}\r\n"
            f"X-Shopify-Triggered-At: {iso(webhook.triggered_us)}\r\n"
            "\r\n"
        )
        return head.encode() + webhook.body


class Due(Struct, frozen=True, order=True):
    """That a parcel is to be sent at so many seconds after the beginning."""

    at: float
    number: int
    """Position in ``Traffic.parcels``."""


class Traffic(Struct, kw_only=True):
    """Everything that is to be sent."""

    shops: Mapping[StoreId, Shop]
    parcels: list[Parcel]
    schedule: Sequence[Due]


def plan(seed: int, seconds: float, rate: float, end_us: int) -> Traffic:
    """Return the traffic of so many seconds at so many requests a second.

    ``end_us`` is when the shops' history ends: now.
    """
    rng = np.random.default_rng([seed, 1])
    wanted = max(30, round(seconds * rate / COPIES_MEAN))
    scale = Scale(
        customers=max(20, round(wanted / len(PROFILES) / WEBHOOKS_PER_CUSTOMER)),
        days=DAYS,
        fulfilment_told_share=0.9,
    )
    shops = {StoreId(p.domain): open_store(p, end_us, seed, scale) for p in PROFILES}
    parcels = list(_facts(shops))
    # A stretch from the end, where orders of earlier days are changed again too.
    parcels = parcels[-wanted:]
    schedule = list(_schedule(parcels, seconds, rng))
    schedule.sort()
    return Traffic(shops=shops, parcels=parcels, schedule=schedule)


def _facts(shops: Mapping[StoreId, Shop]) -> Iterator[Parcel]:
    streams = (_of_shop(store_id, shop) for store_id, shop in shops.items())
    return heapq.merge(*streams, key=lambda parcel: parcel.webhook.triggered_us)


def _of_shop(store_id: StoreId, shop: Shop) -> Iterator[Parcel]:
    for webhook in shop.webhooks():
        yield Parcel(store_id=store_id, webhook=webhook)


def _schedule(parcels: list[Parcel], seconds: float, rng: np.random.Generator) -> Iterator[Due]:
    """Date every parcel; twins and poisons are added to the parcels."""
    facts = len(parcels)
    for number in range(facts):
        at = seconds * number / facts
        if rng.random() < HELD_SHARE:
            at = min(seconds, at + rng.uniform(0.0, HELD_SECONDS_MAX))
        yield Due(at, number)
        if rng.random() < REPEATED_SHARE:
            for _ in range(int(rng.integers(1, 9))):
                yield Due(min(seconds, at + rng.exponential(1.0)), number)
        if rng.random() < STALE_SHARE:
            yield Due(rng.uniform(at, seconds), number)
        if rng.random() < TWIN_SHARE:
            parcels.append(_twin(parcels[number]))
            yield Due(min(seconds, at + rng.uniform(0.0, 2.0)), len(parcels) - 1)
        if rng.random() < POISON_SHARE or number == facts // 2:
            parcels.append(_poison(parcels[number], len(parcels)))
            yield Due(at, len(parcels) - 1)
            yield Due(min(seconds, at + rng.exponential(1.0)), len(parcels) - 1)


def _twin(parcel: Parcel) -> Parcel:
    webhook = parcel.webhook
    return Parcel(
        store_id=parcel.store_id,
        kind="twin",
        webhook=SimulatedWebhook(
            topic=webhook.topic,
            body=webhook.body,
            triggered_us=webhook.triggered_us,
            webhook_id=identifier("twin", webhook.webhook_id),
            event_id=webhook.event_id,
        ),
    )


def _poison(parcel: Parcel, number: int) -> Parcel:
    return Parcel(
        store_id=parcel.store_id,
        kind="poison",
        webhook=SimulatedWebhook(
            topic="orders/create",
            body=POISONS[number % len(POISONS)],
            triggered_us=parcel.webhook.triggered_us,
            webhook_id=identifier("poison", number),
            event_id=identifier("poison event", number),
        ),
    )
