"""What the road does to webhooks: they come twice, late, in the wrong order, or never.

Shopify repeats an unanswered delivery eight times within four hours, with the payload of the
first try, and promises no order within or across topics (its "Troubleshoot webhooks" page).
"""

from collections.abc import Iterable

import numpy as np
from msgspec import Struct, structs

from shopwright.core.clock import US_PER_SECOND
from shopwright.simulator.webhook import SimulatedWebhook, identifier

_US_PER_HOUR = 3_600 * US_PER_SECOND


class Faults(Struct, frozen=True, kw_only=True):
    """How bad the road is; each share is the chance of one webhook to be hit."""

    reordered_share: float = 0.2
    """Held back for up to an hour, so that later ones overtake it."""
    repeated_share: float = 0.05
    """Delivered once more within seconds, under the same webhook id."""
    subscribed_twice_share: float = 0.02
    """Delivered by a second subscription: another webhook id, the same event and body."""
    retried_share: float = 0.03
    """Delivered again hours later, when newer states have long been told."""
    dropped_share: float = 0.01
    """Never delivered at all."""


class Arrival(Struct, frozen=True, kw_only=True):
    """A webhook at our door."""

    received_us: int
    webhook: SimulatedWebhook


def deliver(
    webhooks: Iterable[SimulatedWebhook], faults: Faults, rng: np.random.Generator
) -> list[Arrival]:
    """Return what arrives, in the order of arrival; the same for the same generator.

    Even without faults a delivery is 80 to 400 ms on its way, so near neighbours may swap.
    """
    arrivals: list[Arrival] = []
    for webhook in webhooks:
        if rng.random() < faults.dropped_share:
            continue
        received_us = webhook.triggered_us + int(rng.integers(80_000, 400_000))
        if rng.random() < faults.reordered_share:
            received_us += int(rng.integers(_US_PER_HOUR))
        arrivals.append(Arrival(received_us=received_us, webhook=webhook))
        if rng.random() < faults.repeated_share:
            again_us = received_us + int(rng.integers(1_000, 30 * US_PER_SECOND))
            arrivals.append(Arrival(received_us=again_us, webhook=webhook))
        if rng.random() < faults.subscribed_twice_share:
            twin = structs.replace(webhook, webhook_id=identifier("twin", webhook.webhook_id))
            twin_us = received_us + int(rng.integers(2 * US_PER_SECOND))
            arrivals.append(Arrival(received_us=twin_us, webhook=twin))
        if rng.random() < faults.retried_share:
            late_us = received_us + int(rng.integers(_US_PER_HOUR, 4 * _US_PER_HOUR))
            arrivals.append(Arrival(received_us=late_us, webhook=webhook))
    arrivals.sort(key=lambda arrival: (arrival.received_us, arrival.webhook.webhook_id))
    return arrivals
