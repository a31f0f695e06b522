"""The console's pages and what they ask for: stores, customers, and one customer live."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import msgspec

from shopwright import __version__
from shopwright.app.web.assets import Assets
from shopwright.app.web.commit_group import CommitGroup
from shopwright.app.web.console_types import Overview
from shopwright.app.web.customer_cards import Cards
from shopwright.app.web.demo_shop import DemoShop
from shopwright.app.web.live import TooManyListeners, Watch
from shopwright.app.web.request import HttpError, Request
from shopwright.app.web.response import NO_STORE, EventStream, Response, answer
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.privacy.pseudonyms import parse, show

IDLE_SECONDS = 15.0
"""A comment goes out after so long without a change, so that nobody in between gives up."""
WATCH_AFTER_ORDER_SECONDS = 10.0
PAGE_MAX = 200
STORES_SHOWN_MAX = 200


class Console:
    """The handlers under /console."""

    def __init__(
        self,
        cards: Cards,
        watch: Watch,
        group: CommitGroup,
        *,
        demo: DemoShop | None,
        web_workers: int,
    ) -> None:
        self._cards = cards
        self._watch = watch
        self._group = group
        self._demo = demo
        self._web_workers = web_workers
        self._assets = Assets()
        self._after_orders: set[asyncio.Task[None]] = set()

    async def front(self, _request: Request) -> Response:
        """Send people who opened the bare address to the console."""
        return Response(308, b"", b"text/plain", (NO_STORE, (b"location", b"/console/")))

    async def overview_page(self, request: Request) -> Response:
        """Answer the page of all stores."""
        return self._assets.get("overview.html", request)

    async def store_page(self, request: Request) -> Response:
        """Answer the page of one store."""
        return self._assets.get("store.html", request)

    async def customer_page(self, request: Request) -> Response:
        """Answer the page of one customer."""
        return self._assets.get("customer.html", request)

    async def asset(self, request: Request) -> Response:
        """Answer a style, script or picture."""
        return self._assets.get(request.parameters["name"], request)

    async def overview(self, request: Request) -> Response:
        """Answer every store that the caller may see at a glance."""
        stores = self._cards.stores(request.caller, STORES_SHOWN_MAX)
        cards = [await self._cards.store(store) for store in stores]
        return answer(
            Overview(
                version=__version__,
                stores=tuple(cards),
                trouble=self._group.trouble,
                counted_by_one_process=self._web_workers > 1,
            )
        )

    async def store(self, request: Request) -> Response:
        """Answer a store and one page of its customers."""
        after = request.query("after")
        start = parse(after) if after else None
        if after and start is None:
            raise HttpError(400, "after must be a pseudonym of 32 hex digits")
        limit = request.query("limit") or "50"
        if not limit.isdigit() or not 1 <= int(limit) <= PAGE_MAX:
            raise HttpError(400, f"limit must be a whole number from 1 to {PAGE_MAX}")
        return answer(await self._cards.page(request.parameters["shop"], start, int(limit)))

    async def customer(self, request: Request) -> Response:
        """Answer one customer as of now."""
        return answer(self._cards.customer(*self._who(request), demo=self._demo is not None))

    async def truth(self, request: Request) -> Response:
        """Answer what the simulation knows of a customer."""
        store_id, entity = self._who(request)
        truths = await self._shop().truths(store_id, [show(entity)])
        return answer(truths.get(show(entity)))

    async def order(self, request: Request) -> Response:
        """Let the simulated customer place an order, and watch for what comes of it."""
        store_id, entity = self._who(request)
        shop = self._shop()
        watching = asyncio.Event()
        task = asyncio.create_task(self._watch_for_a_while((store_id, entity), watching))
        self._after_orders.add(task)
        task.add_done_callback(self._after_orders.discard)
        await watching.wait()
        return answer(await shop.place_order(store_id, show(entity)))

    async def events(self, request: Request) -> EventStream:
        """Answer the customer's card now and at each change."""
        who = self._who(request)
        if self._watch.full:
            raise HttpError(503, "too many pages are watching; this one asks now and then instead")
        return EventStream(self._cards_of(who, request.is_welcome))

    async def _cards_of(
        self, who: tuple[StoreId, Pseudonym], is_welcome: Callable[[], bool]
    ) -> AsyncGenerator[bytes, None]:
        """Give cards until the page leaves, or whoever looks at it may no longer."""
        with self._watch.listening(who) as changed:
            yield self._encoded(who)
            while not self._watch.stopping:
                try:
                    await asyncio.wait_for(changed.wait(), IDLE_SECONDS)
                except TimeoutError:
                    if not is_welcome():
                        return
                    yield b""
                    continue
                changed.clear()
                if not is_welcome():
                    return
                yield self._encoded(who)

    async def _watch_for_a_while(
        self, who: tuple[StoreId, Pseudonym], watching: asyncio.Event
    ) -> None:
        """Measure the change even where the page only asks now and then."""
        try:
            with self._watch.listening(who) as changed:
                watching.set()
                await asyncio.wait_for(changed.wait(), WATCH_AFTER_ORDER_SECONDS)
        except (TooManyListeners, TimeoutError):
            watching.set()

    def _encoded(self, who: tuple[StoreId, Pseudonym]) -> bytes:
        return msgspec.json.encode(self._cards.customer(*who, demo=self._demo is not None))

    def _who(self, request: Request) -> tuple[StoreId, Pseudonym]:
        return self._cards.who(request.parameters["shop"], request.parameters["entity"])

    def _shop(self) -> DemoShop:
        if self._demo is None:
            raise HttpError(404, "no simulated shop is attached; start one with `shopwright demo`")
        return self._demo
