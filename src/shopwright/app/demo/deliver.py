"""Sends simulated webhooks as Shopify does: signed, over HTTP, several at a time, with retries."""

import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPConnection, HTTPException

from msgspec import Struct

from shopwright.core.clock import Clock, iso
from shopwright.events.webhook import sign
from shopwright.simulator.webhook import SimulatedWebhook

ATTEMPTS_MAX = 8
"""Shopify's own number of retries; ours wait fractions of a second instead of hours."""

WAITING_MAX = 512
RETRY_SECONDS = 0.25
TIMEOUT_SECONDS = 5.0
"""Shopify's: an answer that takes longer is a failure."""


class Delivered(Struct, kw_only=True):
    """What came of the deliveries."""

    accepted: int = 0
    retried: int = 0
    failed: int = 0


class Sender:
    """One connection to the gateway."""

    def __init__(self, host: str, port: int, secrets: Mapping[str, bytes], clock: Clock) -> None:
        self._connection = HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        self._secrets = secrets
        self._clock = clock

    def send(self, store_id: str, webhook: SimulatedWebhook) -> int:
        """Deliver once; return the status. Raises OSError or HTTPException when there is none."""
        try:
            self._connection.request(
                "POST", "/webhooks", webhook.body, headers(store_id, webhook, self._secrets)
            )
            response = self._connection.getresponse()
            response.read()
        except (OSError, HTTPException):
            self._connection.close()
            raise
        return response.status

    def send_until_accepted(self, store_id: str, webhook: SimulatedWebhook) -> int | None:
        """Deliver with bounded retries; return how many were needed, None when all failed."""
        for attempt in range(ATTEMPTS_MAX):
            try:
                if self.send(store_id, webhook) == 200:
                    return attempt
            except (OSError, HTTPException):
                pass
            self._clock.sleep(RETRY_SECONDS * (attempt + 1))
        return None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def headers(
    store_id: str, webhook: SimulatedWebhook, secrets: Mapping[str, bytes]
) -> dict[str, str]:
    """Return the headers of Shopify's delivery structure for one webhook."""
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": webhook.topic,
        "X-Shopify-Hmac-Sha256": sign(secrets[store_id], webhook.body),
        "X-Shopify-Shop-Domain": store_id,
        "X-Shopify-API-Version": webhook.api_version,
        "X-Shopify-Webhook-Id": webhook.webhook_id,
        "X-Shopify-Event-Id": webhook.event_id,
        "X-Shopify-Triggered-At": iso(webhook.triggered_us),
    }


def deliver_all(
    webhooks: Iterable[tuple[str, SimulatedWebhook]],
    *,
    open_sender: Callable[[], Sender],
    connections: int,
    on_sent: Callable[[], None],
) -> Delivered:
    """Send every (store, webhook) over several connections; return what came of them."""
    waiting: queue.Queue[tuple[str, SimulatedWebhook] | None] = queue.Queue(WAITING_MAX)
    total = Delivered()
    lock = threading.Lock()

    def work() -> None:
        sender = open_sender()
        while (item := waiting.get()) is not None:
            retries = sender.send_until_accepted(*item)
            with lock:
                total.accepted += retries is not None
                total.retried += retries or 0
                total.failed += retries is None
                on_sent()
        sender.close()

    workers = [threading.Thread(target=work, daemon=True) for _ in range(connections)]
    for worker in workers:
        worker.start()
    for item in webhooks:
        waiting.put(item)
    for _ in workers:
        waiting.put(None)
    for worker in workers:
        worker.join()
    return total
