"""The web process as one ASGI application: finds the route, opens the door, answers.

Bare ASGI, because a framework costs several times what verifying a webhook costs. Every answer that
is not the one hoped for is JSON with one line, and never repeats what was sent.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import suppress

from shopwright.app.ask_soon import asking_soon
from shopwright.app.metrics import OTHER, Metrics
from shopwright.app.settings import Settings
from shopwright.app.web.commit_group import CommitGroup
from shopwright.app.web.console import Console
from shopwright.app.web.customer_cards import Cards
from shopwright.app.web.demo_shop import DemoShop
from shopwright.app.web.guard import Guard
from shopwright.app.web.live import Watch
from shopwright.app.web.login import Login
from shopwright.app.web.metrics import Operations
from shopwright.app.web.oauth import OAuth
from shopwright.app.web.openapi import Description
from shopwright.app.web.parts import WebParts
from shopwright.app.web.predict import Predict
from shopwright.app.web.prediction_log import PredictionLog
from shopwright.app.web.protection import frame_ancestors, headers
from shopwright.app.web.receipts import Receipts
from shopwright.app.web.remembered import Remembered
from shopwright.app.web.request import (
    ClientLeft,
    HttpError,
    Message,
    Receive,
    Request,
    Scope,
    Send,
)
from shopwright.app.web.response import EventStream, Header, Response, failure
from shopwright.app.web.routes import Route, RoutingTable
from shopwright.app.web.sign_in import SignIn
from shopwright.app.web.table import table
from shopwright.app.web.traffic import Traffic
from shopwright.app.web.webhooks import Webhooks
from shopwright.app.web.whence import Surroundings
from shopwright.core.clock import Clock
from shopwright.core.errors import BadInput, Busy, NotReady, ShopwrightError, UnknownStore
from shopwright.core.types.identity import StoreId, store_id_of
from shopwright.core.types.store import Store
from shopwright.features.definitions import CUSTOMER

REFRESH_SECONDS = 1.0
COUNTED_ELSEWHERE = ("/webhooks", "/v1/stores/{shop}/predict")

log = logging.getLogger("shopwright.web")


class WebApp:
    """Everything that one web process does, put together."""

    def __init__(
        self,
        parts: WebParts,
        *,
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
        certificate_names: Sequence[str] = (),
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._demo = DemoShop(settings.demo_url) if settings.demo_url else None
        self._group = CommitGroup(parts.intake.accept, metrics)
        self._predictions = PredictionLog(parts.record, metrics)
        self._watch = Watch(parts.online, CUSTOMER.name, clock, metrics)
        self._traffic = Traffic()
        self._refreshing: asyncio.Task[None] | None = None
        self._is_leaving = False
        sign_in = SignIn(
            parts.access,
            clock,
            idle_hours=settings.session_idle_hours,
            days_max=settings.session_days_max,
        )
        self._surroundings = Surroundings(settings, certificate_names)
        self._guard = Guard(settings, self._surroundings, sign_in, parts.access.api_keys, clock)
        description = Description()
        self._table = RoutingTable(
            table(
                webhooks=self._webhooks(),
                predict=self._predict(),
                receipts=Receipts(parts.requests),
                console=self._console(),
                login=Login(
                    sign_in, self._guard, metrics, session_days_max=settings.session_days_max
                ),
                oauth=OAuth(settings, self._guard, os.urandom),
                operations=Operations(metrics, self._troubles, self._guard.known),
                description=description,
            )
        )
        description.describe(self.routes)

    def _webhooks(self) -> Webhooks:
        secrets = self._parts.secrets
        return Webhooks(
            self._parts.intake,
            self._group,
            Remembered(lambda shop: secrets.of(StoreId(shop)), self._clock),
            clock=self._clock,
            metrics=self._metrics,
            body_bytes_max=self._settings.body_bytes_max,
            on_stored=self._traffic.stored,
            trace=self._parts.trace,
            ask_soon=asking_soon(self._settings),
        )

    def _predict(self) -> Predict:
        return Predict(
            self._parts.scoring,
            self._store,
            clock=self._clock,
            metrics=self._metrics,
            record=self._predictions.add,
        )

    def _console(self) -> Console:
        cards = Cards(
            stores=self._parts.stores,
            store_of=self._store,
            online=self._parts.online,
            scoring=self._parts.scoring,
            watch=self._watch,
            traffic=self._traffic,
            clock=self._clock,
        )
        return Console(
            cards,
            self._watch,
            self._group,
            demo=self._demo,
            web_workers=self._settings.web_workers,
        )

    def _store(self, shop: str) -> Store:
        store_id = store_id_of(shop)
        if store_id is None:
            # Not repeated: it may be anything that somebody could type.
            raise HttpError(
                404, "the path names no store; a store is called my-store.myshopify.com"
            )
        return self._parts.stores.get(store_id)

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routing table."""
        return self._table.routes

    def leave(self) -> None:
        """Say from now on that this process is leaving, and end what would go on for ever."""
        self._is_leaving = True
        self.end_streams()

    def end_streams(self) -> None:
        """End what would go on for ever: a stop must not wait for a page that watches."""
        self._watch.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        route: Route | None = None
        is_let_in = False
        try:
            path = scope["raw_path"].decode("ascii", "replace")
            route, parameters = self._table.find(scope["method"], path)
            request = Request(scope, receive, parameters)
            self._guard.admit(route, request)
            is_let_in = True
            answered = await route.handler(request)
        except ClientLeft:
            return
        except Exception as error:
            answered = failure(_http_error(error))
        if route is None or not is_let_in or route.path not in COUNTED_ELSEWHERE:
            path = route.path if route else OTHER
            self._metrics.counter("shopwright_requests_total", path, str(answered.status)).inc()
        protection = self._protection(answered, Request(scope, receive, {}))
        if isinstance(answered, Response):
            await answered.send(send, protection)
        else:
            await _stream(answered, Request(scope, receive, {}), send, protection)

    def _protection(self, answered: Response | EventStream, request: Request) -> tuple[Header, ...]:
        # There is no page yet that a shop's admin embeds: nobody may frame any.
        return headers(
            answered.content_type,
            is_https=self._surroundings.is_https(request),
            ancestors=frame_ancestors(None),
        )

    def _troubles(self) -> tuple[str, ...]:
        leaving = "this process is stopping" if self._is_leaving else None
        return tuple(trouble for trouble in (self._group.trouble, leaving) if trouble)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message: Message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def start(self) -> None:
        """Begin to store and to score; a model that cannot be loaded stops no webhook."""
        self._group.start(asyncio.get_running_loop())
        self._predictions.start()
        await self._refresh()
        self._refreshing = asyncio.create_task(self._keep_refreshing())

    async def stop(self) -> None:
        """Return when all that was taken is on disk."""
        self.end_streams()
        if self._refreshing is not None:
            self._refreshing.cancel()
            with suppress(asyncio.CancelledError):
                await self._refreshing
        await self._group.stop()
        await asyncio.to_thread(self._predictions.stop)

    async def _keep_refreshing(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await self._refresh()

    async def _refresh(self) -> None:
        try:
            await asyncio.to_thread(self._parts.scoring.refresh)
        except Exception:
            # The last good model goes on serving.
            log.exception("which models serve could not be read")
        with suppress(OSError):  # the disk is full: the doctor has more to say then
            await asyncio.to_thread(self._parts.trace.write, self._clock.now_us())


async def _stream(
    events: EventStream, request: Request, send: Send, protection: Sequence[Header]
) -> None:
    """Write events until they end or the page is closed."""
    writing = asyncio.create_task(events.send(send, protection))
    leaving = asyncio.create_task(request.gone())
    await asyncio.wait([writing, leaving], return_when=asyncio.FIRST_COMPLETED)
    for task in (writing, leaving):
        task.cancel()
    for result in await asyncio.gather(writing, leaving, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("a live page was cut off: %s", type(result).__name__)


def _http_error(error: Exception) -> HttpError:
    """Return how an error is answered; only errors that were made for people are told."""
    match error:
        case HttpError():
            return error
        case UnknownStore():
            return HttpError(404, str(error))
        case BadInput():
            return HttpError(400, str(error))
        case NotReady() | Busy():
            return HttpError(503, str(error))
        case ShopwrightError():
            log.error(str(error))
            return HttpError(500, str(error))
    log.error("a request failed", exc_info=error)
    return HttpError(500, "something went wrong here; the log of this process says what")
