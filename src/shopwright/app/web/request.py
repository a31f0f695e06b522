"""One HTTP request as a handler sees it: nothing is read before it is asked for.

The body has a limit in bytes and in seconds: a slow, endless or cut body must not hold a process
that also has to take webhooks.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from shopwright.app.web.callers import Caller

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_SECONDS_MAX = 5.0
"""Shopify gives up after five seconds, so a body that takes longer has nobody waiting for it."""


class HttpError(Exception):
    """An answer other than the one hoped for: a status and one clear line."""

    def __init__(
        self, status: int, line: str, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(line)
        self.status = HTTPStatus(status)
        self.line = line
        self.headers = headers


class ClientLeft(Exception):
    """The connection closed before the body was complete: nobody is there to be answered."""


class Request:
    """Method, headers, and what the path and query say."""

    __slots__ = (
        "_query",
        "_receive",
        "caller",
        "headers",
        "is_welcome",
        "method",
        "parameters",
        "scope",
    )

    caller: "Caller"
    """Who asks; set by the guard for doors that are not open to everybody."""
    is_welcome: Callable[[], bool]
    """Whether the same caller would still be let in; for answers that go on and on."""

    def __init__(self, scope: Scope, receive: Receive, parameters: dict[str, str]) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.parameters = parameters
        self._receive = receive
        self._query: dict[str, list[str]] | None = None

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of that lower-case name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def query(self, name: str) -> str | None:
        """Return the last value of a query parameter."""
        if self._query is None:
            text = self.scope["query_string"].decode("latin-1")
            self._query = parse_qs(text, keep_blank_values=True, max_num_fields=20)
        found = self._query.get(name)
        return found[-1] if found else None

    async def body(self, bytes_max: int, seconds_max: float = BODY_SECONDS_MAX) -> bytes:
        """Return the whole body.

        Raises HttpError: 413 when it is or says it is longer than allowed, 408 when it is slower,
        400 for a length that is no number; ClientLeft when the connection closed in between.
        """
        self._check_length(bytes_max)
        try:
            async with asyncio.timeout(seconds_max):
                return await self._read(bytes_max)
        except TimeoutError:
            raise HttpError(
                408, f"the body did not arrive within {seconds_max:g} seconds", CLOSE
            ) from None

    def _check_length(self, bytes_max: int) -> None:
        said = self.header(b"content-length")
        if said is None:
            return
        if not said.isdigit():
            raise HttpError(400, "Content-Length is not a number", CLOSE)
        if int(said) > bytes_max:
            raise _too_long(bytes_max)

    async def _read(self, bytes_max: int) -> bytes:
        parts: list[bytes] = []
        length = 0
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientLeft
            part: bytes = message.get("body", b"")
            length += len(part)
            if length > bytes_max:
                raise _too_long(bytes_max)
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    async def gone(self) -> None:
        """Return when the client has left."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


CLOSE = ((b"connection", b"close"),)
"""Ends the connection: what is left of an unread body must not be read as the next request."""


def _too_long(bytes_max: int) -> HttpError:
    return HttpError(413, f"the body is longer than {bytes_max:,} bytes", CLOSE)
