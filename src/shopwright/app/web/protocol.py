"""uvicorn's HTTP protocol with the limits that it leaves to a proxy: long, slow or endless headers.

The parser keeps every header it is sent, and a connection that never completes its headers is kept
for ever; neither may be left open to whoever finds the public address.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES_MAX = 64 << 10
HEADER_SECONDS_MAX = 10.0
_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class LimitedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers are too long or too slow."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._header_bytes = 0
        self._messages = 0
        self._reading_headers = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first headers a deadline."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEADER_SECONDS_MAX, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._done_with_headers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes before the headers are complete."""
        before = self._messages
        super().data_received(data)
        # A part in which a message began may hold a body too: only what is all headers counts.
        if self._reading_headers and self._messages == before:
            self._header_bytes += len(data)
            if self._header_bytes > HEADER_BYTES_MAX:
                self.transport.write(_TOO_LONG)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to count, and to wait for the end of, the headers of one request."""
        super().on_message_begin()
        self._reading_headers = True
        self._header_bytes = 0
        self._messages += 1
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS_MAX, self._late)

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._done_with_headers()
        super().on_headers_complete()

    def _done_with_headers(self) -> None:
        self._reading_headers = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
