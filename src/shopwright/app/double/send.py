"""Sends a webhook as Shopify does: one second to connect, five in all, no redirect followed."""

import urllib3
from urllib3.exceptions import HTTPError

from shopwright.simulator.admin.deliveries import CONNECT_SECONDS, TIMEOUT_SECONDS, Due


class HttpSender:
    """Keeps connections between deliveries."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, total=TIMEOUT_SECONDS),
        )

    def __call__(self, due: Due) -> int | None:
        """Return the status of the answer, None when none came in time."""
        try:
            answer = self._pool.request(
                "POST", due.uri, body=due.body, headers=dict(due.headers), redirect=False
            )
        except HTTPError:
            return None
        return int(answer.status)
