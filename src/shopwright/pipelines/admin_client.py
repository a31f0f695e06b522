"""Asks a store's Admin API and gets an answer, if there is one to be had.

It waits for the store's bucket instead of being refused, asks again when that helps, renews the
token, and says in words what only a person can mend.
"""

from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import Any

import msgspec
import numpy as np

from shopwright.admin.answer import Data, Failure, read_answer
from shopwright.admin.cost import Bucket
from shopwright.admin.explain import explain
from shopwright.admin.retry import RetryPolicy, pause
from shopwright.core.clock import Clock
from shopwright.core.errors import ShopTrouble
from shopwright.core.ports import Shop
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.tokens import Tokens

POLICY = RetryPolicy()
Served = Callable[[StoreId, str], None]


def nobody(_store_id: StoreId, _version: str) -> None:
    """Tell nobody which version answered."""


class AdminClient:
    """One client for every store; calls may come from several threads."""

    def __init__(
        self,
        shop: Shop,
        tokens: Tokens,
        clock: Clock,
        rng: np.random.Generator,
        *,
        version_of: Callable[[StoreId], str],
        policy: RetryPolicy = POLICY,
        on_served: Served = nobody,
    ) -> None:
        self._shop = shop
        self._tokens = tokens
        self._clock = clock
        self._rng = rng
        self._version_of = version_of
        self._policy = policy
        self._on_served = on_served
        self._turn = Lock()
        self._buckets: dict[StoreId, Bucket] = {}
        self._costs: dict[str, float] = {}

    def ask(
        self, store_id: StoreId, document: str, variables: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the data of an answer. Raises ShopTrouble; nothing else for what Shopify does."""
        body = msgspec.json.encode({"query": document, "variables": variables or {}})
        renewed = False
        tries = 0
        while True:
            tries += 1
            token = self._tokens.of(store_id)
            answer = self._send(store_id, token, document, body)
            if isinstance(answer, Data):
                self._tokens.accepted(store_id, token)
                self._on_served(store_id, answer.served_version)
                return answer.data
            if answer.trouble == "token" and not renewed:
                renewed = True
                self._tokens.renew(store_id, token)
                continue
            with self._turn:
                seconds = pause(answer, tries, self._policy, self._rng)
            if seconds is None:
                raise ShopTrouble(explain(store_id, answer), answer.trouble)
            self._clock.sleep(seconds)

    def change(
        self, store_id: StoreId, document: str, variables: Mapping[str, Any], field: str
    ) -> dict[str, Any]:
        """Return what a mutation gave. Raises ShopTrouble also when Shopify names user errors."""
        payload = self.ask(store_id, document, variables).get(field) or {}
        errors = payload.get("userErrors") or []
        if errors:
            said = "; ".join(str(one.get("message", "")) for one in errors)[:300]
            codes = {str(one.get("code") or "") for one in errors}
            trouble = "busy" if codes & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"} else "refused"
            raise ShopTrouble(f"{store_id}: Shopify refused {field}: {said}", trouble)
        return dict(payload)

    def download(self, url: str, first_byte: int) -> Iterator[bytes]:
        """Yield a file from that byte on, in pieces. Raises OSError when it is cut or refused."""
        return self._shop.download(url, first_byte)

    def _send(self, store_id: StoreId, token: str, document: str, body: bytes) -> Data | Failure:
        self._wait(store_id, document)
        answer = self._shop.ask(store_id, self._version_of(store_id), token, body)
        if answer.status == 0:
            return Failure(trouble="no_answer", says=answer.why, status=0)
        read = read_answer(answer.status, answer.headers, answer.body, self._clock.now_us())
        with self._turn:
            if read.bucket is not None:
                self._buckets[store_id] = read.bucket
            if read.requested_cost is not None:
                self._costs[document] = read.requested_cost
        return read

    def _wait(self, store_id: StoreId, document: str) -> None:
        """Wait until the store's bucket holds what the question cost when it was last asked."""
        with self._turn:
            bucket, cost = self._buckets.get(store_id), self._costs.get(document)
            if bucket is None or cost is None:
                return
            now_us = self._clock.now_us()
            seconds = bucket.wait_seconds(cost, now_us)
            self._buckets[store_id] = bucket.take(cost, now_us + round(seconds * 1e6))
        if seconds > 0:
            self._clock.sleep(seconds)
