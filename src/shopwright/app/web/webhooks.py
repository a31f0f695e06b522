"""POST /webhooks: verify, hand to the commit group, and answer 200 only when it is on disk.

A delivery that was stored before is answered 200 too: the sender must stop sending it. Whatever
cannot be stored is answered 503, and Shopify sends it again. Nothing of a body or secret is ever
repeated in an answer or a log line.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from prometheus_client import Counter

from shopwright.app.ask_soon import HINTS
from shopwright.app.intake_trace import IntakeTrace
from shopwright.app.metrics import Metrics, bounded
from shopwright.app.web.commit_group import CommitGroup, NotStored
from shopwright.app.web.request import ClientLeft, HttpError, Request
from shopwright.app.web.response import Response
from shopwright.core.clock import Clock
from shopwright.core.errors import Busy, Damaged, ShopwrightError
from shopwright.core.types.event import Delivery, Event
from shopwright.core.types.identity import StoreId, store_id_of
from shopwright.events.shopify import TOPICS
from shopwright.events.webhook import SHOP, Rejection
from shopwright.pipelines.ingest import Intake

RETRY_AFTER = ((b"retry-after", b"5"),)
READING_BYTES_MAX = 256 << 20
"""All bodies that are being read; a body of unknown length counts as the longest allowed."""

NOT_STORED = "the webhook could not be stored now; send it again"
STORED = Response(200, b"{}")
OURS = (b"x-shopify-", b"shopify-")
SHOP_HEADER = SHOP.encode()
NOBODY = StoreId("")
"""Deliveries for stores that are not known are counted together."""

log = logging.getLogger("shopwright.web")


class Webhooks:
    """The handler of one route, its limits and its counts."""

    def __init__(  # noqa: PLR0913 - one for each part
        self,
        intake: Intake,
        group: CommitGroup,
        secrets_of: Callable[[str], Sequence[bytes]],
        *,
        clock: Clock,
        metrics: Metrics,
        body_bytes_max: int,
        on_stored: Callable[[StoreId, int], None],
        trace: IntakeTrace,
        ask_soon: Callable[[StoreId], None],
    ) -> None:
        self._intake = intake
        self._group = group
        self._secrets_of = secrets_of
        self._clock = clock
        self._metrics = metrics
        self._body_bytes_max = body_bytes_max
        self._on_stored = on_stored
        self._trace = trace
        self._ask_soon = ask_soon
        self._reading_bytes = 0
        self._counters: dict[tuple[str, str], Counter] = {}
        self._seconds = metrics.histogram("shopwright_webhook_seconds")

    async def take(self, request: Request) -> Response:
        """Answer one delivery."""
        received_us = self._clock.now_us()
        try:
            event = await self._verified(request, received_us)
            await self._group.commit(event)
        except ClientLeft:
            self._told(request, "left", received_us)
            raise
        except HttpError as error:
            self._told(request, _result(error.status), received_us, line=error.line)
            raise
        except (NotStored, OSError, Busy, Damaged) as trouble:
            self._told(request, "not_stored", received_us, line=str(trouble))
            raise HttpError(503, NOT_STORED, RETRY_AFTER) from trouble
        self._told(request, "stored", received_us, store=event.store_id)
        self._on_stored(event.store_id, received_us)
        if event.topic in HINTS:
            await self._hint(event.store_id)
        return STORED

    async def _hint(self, store_id: StoreId) -> None:
        """Let the store be asked; the delivery is on disk whether or not this succeeds."""
        try:
            await asyncio.to_thread(self._ask_soon, store_id)
        except (OSError, ShopwrightError) as trouble:
            log.warning("%s: it could not be noted that it should be asked: %s", store_id, trouble)

    async def _verified(self, request: Request, received_us: int) -> Event:
        encoding = request.header(b"content-encoding")
        if encoding is not None and encoding.lower() != b"identity":
            raise HttpError(415, "send the body as it was signed, without Content-Encoding")
        delivery = Delivery(
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in request.headers
                if name.startswith(OURS)
            ),
            body=await self._body(request),
            received_us=received_us,
        )
        verdict = self._intake.receive(delivery, self._secrets_of)
        if isinstance(verdict, Rejection):
            self._trace_refused(request, verdict, received_us)
            raise HttpError(verdict.status, verdict.reason)
        self._trace.right(verdict.store_id, received_us, verdict.triggered_us)
        return verdict

    def _trace_refused(self, request: Request, verdict: Rejection, received_us: int) -> None:
        """Note it for a store with a secret; others cost the same, for the time must not tell."""
        if verdict.status != 401:
            return
        shop = store_id_of((request.header(SHOP_HEADER) or b"").decode("latin-1"))
        known = shop is not None and bool(self._secrets_of(shop))
        self._trace.wrong(shop if shop is not None and known else NOBODY, received_us)

    async def _body(self, request: Request) -> bytes:
        said = request.header(b"content-length")
        wanted = int(said) if said is not None and said.isdigit() else self._body_bytes_max
        if self._reading_bytes + wanted > READING_BYTES_MAX and wanted <= self._body_bytes_max:
            raise HttpError(503, "too many bodies are being read at once", RETRY_AFTER)
        self._reading_bytes += wanted
        try:
            return await request.body(self._body_bytes_max)
        finally:
            self._reading_bytes -= wanted

    def _told(
        self, request: Request, result: str, received_us: int, *, store: str = "", line: str = ""
    ) -> None:
        """Count and log one answer; the store only once its signature has been checked."""
        topic = bounded((request.header(b"x-shopify-topic") or b"").decode("latin-1"), TOPICS)
        taken_us = max(0, self._clock.now_us() - received_us)
        self._counter(topic, result).inc()
        if result == "stored":
            self._seconds.observe(taken_us / 1e6)
        level = logging.INFO if result == "stored" else logging.WARNING
        if log.isEnabledFor(level):
            told = {"topic": topic, "store": store, "result": result, "ms": taken_us / 1e3}
            log.log(level, {"webhook": told | ({"reason": line} if line else {})})

    def _counter(self, topic: str, result: str) -> Counter:
        found = self._counters.get((topic, result))
        if found is None:
            found = self._metrics.counter("shopwright_webhooks_total", topic, result)
            self._counters[topic, result] = found
        return found


def _result(status: int) -> str:
    known = {401: "unsigned", 408: "slow", 413: "too_long", 415: "encoded", 503: "not_stored"}
    return known.get(status, "refused")
