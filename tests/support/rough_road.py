"""The worst road that Shopify's promises allow, drawn from a generator: at least once, any order.

Every webhook arrives at least once. It may come up to nine times, an hour out of order, a day late,
again with its old payload after newer states were told, and by a second subscription.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.simulator.faults import Arrival
from shopwright.simulator.webhook import SimulatedWebhook, identifier

COPIES_MAX = 9
HOUR_US = 3_600 * US_PER_SECOND


def in_order(webhooks: Sequence[SimulatedWebhook]) -> list[Arrival]:
    """Return each webhook once, at the instant at which it was sent."""
    return [Arrival(received_us=one.triggered_us, webhook=one) for one in webhooks]


def rough(webhooks: Sequence[SimulatedWebhook], rng: np.random.Generator) -> list[Arrival]:
    """Return what arrives, in the order of arrival; how rough is drawn too."""
    repeated, late, stale, twice = rng.random(4) * (0.6, 0.2, 0.3, 0.3)
    arrivals: list[Arrival] = []
    for webhook in webhooks:
        at_us = webhook.triggered_us + int(rng.integers(HOUR_US))
        if rng.random() < late:
            at_us += US_PER_DAY
        arrivals.append(Arrival(received_us=at_us, webhook=webhook))
        if rng.random() < repeated:
            for _ in range(int(rng.integers(1, COPIES_MAX))):
                again_us = at_us + int(rng.integers(HOUR_US))
                arrivals.append(Arrival(received_us=again_us, webhook=webhook))
        if rng.random() < stale:
            # With the payload of the first try, when newer states have long been told.
            stale_us = at_us + int(rng.integers(HOUR_US, 2 * US_PER_DAY))
            arrivals.append(Arrival(received_us=stale_us, webhook=webhook))
        if rng.random() < twice:
            twin = structs.replace(webhook, webhook_id=identifier("twin", webhook.webhook_id))
            arrivals.append(Arrival(received_us=at_us + int(rng.integers(9)), webhook=twin))
    arrivals.sort(key=lambda arrival: (arrival.received_us, arrival.webhook.webhook_id))
    return arrivals
