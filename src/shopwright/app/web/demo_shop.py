"""The simulated shop of a demo: another process on this machine that sends real signed webhooks.

A click in the console goes there, and comes back as a webhook like any other.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from shopwright.app.web.console_types import PlacedOrder, Truth
from shopwright.app.web.exposure import check_loopback_url
from shopwright.app.web.request import HttpError
from shopwright.core.decoding import NOT_DECODABLE

TIMEOUT_SECONDS = 5.0
ANSWER_BYTES_MAX = 1 << 20


class DemoShop:
    """Asks the simulated shop; every answer is checked before it is passed on."""

    def __init__(self, url: str) -> None:
        self._url = check_loopback_url(url, "the demo's address")
        # No proxy: this never leaves the machine, whatever the environment says.
        self._opener = build_opener(ProxyHandler({}))

    async def place_order(self, store_id: str, entity: str) -> PlacedOrder:
        """Let a customer order something. Raises HttpError 502 when the shop does not answer."""
        found = await self._ask(f"/stores/{quote(store_id)}/orders", {"entity": entity})
        try:
            return msgspec.convert(found, PlacedOrder)
        except NOT_DECODABLE as error:
            raise HttpError(502, f"the simulated shop answered strangely: {error}") from error

    async def truths(self, store_id: str, entities: Sequence[str]) -> Mapping[str, Truth]:
        """Return what the simulation knows of each customer; strangers are left out."""
        query = urlencode({"store": store_id, "entities": ",".join(entities)})
        found = await self._ask(f"/truth?{query}", None)
        try:
            return msgspec.convert(found, dict[str, Truth])
        except NOT_DECODABLE as error:
            raise HttpError(502, f"the simulated shop answered strangely: {error}") from error

    async def _ask(self, path: str, body: Mapping[str, Any] | None) -> Any:
        return await asyncio.to_thread(self._ask_and_wait, path, body)

    def _ask_and_wait(self, path: str, body: Mapping[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(  # noqa: S310 - the scheme was checked to be http, the host loopback
            self._url + path, data, {"Content-Type": "application/json"}
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return msgspec.json.decode(response.read(ANSWER_BYTES_MAX))
        except HTTPError as error:
            raise HttpError(502, _told(error)) from error
        except (OSError, *NOT_DECODABLE) as error:
            raise HttpError(
                502, "the simulated shop does not answer; is `shopwright demo` still running?"
            ) from error


def _told(error: HTTPError) -> str:
    """Return the shop's own line, if it gave one."""
    try:
        line = msgspec.json.decode(error.read(ANSWER_BYTES_MAX), type=dict[str, str])["error"]
    except (OSError, *NOT_DECODABLE, KeyError):
        return f"the simulated shop answered {error.code}"
    return f"the simulated shop says: {line}"
