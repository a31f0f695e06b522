"""One HTTP connection as a sender of webhooks uses it: kept alive, one request at a time.

Small, because the sender shares the machine with what it measures: no header is built or looked at
that is not needed, and an answer must say its length.
"""

import asyncio
from typing import NamedTuple, Self

ANSWER_SECONDS_MAX = 5.0
"""Shopify's: an answer that takes longer is a failure."""

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "
_CLOSE = b"\r\nconnection: close\r\n"


class Answer(NamedTuple):
    """What came back."""

    status: int
    closes: bool
    """Whether the server said that it closes the connection."""


class Wire(asyncio.Protocol):
    """An open connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._received = b""
        self.is_open = False

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        """Connect. Raises OSError, TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            _, wire = await loop.create_connection(cls, host, port)
        return wire

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return the answer. Raises OSError, TimeoutError; then it is closed."""
        if self._transport is None or not self.is_open:
            raise ConnectionResetError("the connection was closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                answer = await self._waiting
        except BaseException:
            self.close()
            raise
        if answer.closes:
            self.close()
        return answer

    def close(self) -> None:
        """Close the connection."""
        self.is_open = False
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Hand over the answer when it is whole."""
        self._received += data
        head, end, body = self._received.partition(_END)
        if not end:
            return
        said = head.lower() + b"\r\n"
        _, named, length = said.partition(_LENGTH)
        if len(body) < (int(length.partition(b"\r\n")[0]) if named else 0):
            return
        self._received = b""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Answer(int(said[9:12]), _CLOSE in said))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits that no answer will come."""
        self.is_open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("closed without an answer"))
