"""What is answered: JSON, a file of the console, or a stream of events."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import msgspec
from msgspec import Struct

from shopwright.app.web.request import HttpError, Send

JSON = b"application/json"
HTML = b"text/html"
Header = tuple[bytes, bytes]

NO_STORE: Header = (b"cache-control", b"no-store")

_encoder = msgspec.json.Encoder()


class Response(Struct, frozen=True):
    """One complete answer."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[Header, ...] = (NO_STORE,)

    async def send(self, send: Send, protection: Sequence[Header]) -> None:
        """Write the answer to the connection, with the headers that protect it."""
        length = str(len(self.body)).encode()
        head = [(b"content-type", self.content_type), (b"content-length", length)]
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [*head, *protection, *self.headers],
            }
        )
        await send({"type": "http.response.body", "body": self.body})


class EventStream(Struct, frozen=True):
    """Server-sent events: one ``data:`` line for each item, a comment for an empty one."""

    items: AsyncGenerator[bytes, None]
    status: int = 200
    content_type: bytes = b"text/event-stream"

    async def send(self, send: Send, protection: Sequence[Header]) -> None:
        """Write items until there are no more."""
        head = [(b"content-type", self.content_type), NO_STORE, *protection]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        async with aclosing(self.items):
            async for item in self.items:
                line = b"data: " + item + b"\n\n" if item else b": still here\n\n"
                await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def answer(value: Any, status: int = 200) -> Response:
    """Return a value as JSON."""
    return Response(status, _encoder.encode(value))


def failure(error: HttpError) -> Response:
    """Return an error as JSON with its one line."""
    body = _encoder.encode({"error": error.line})
    return Response(error.status, body, JSON, (NO_STORE, *error.headers))
