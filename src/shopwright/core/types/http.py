"""An answer over HTTP, before anybody has read it."""

from collections.abc import Mapping

from msgspec import Struct


class HttpAnswer(Struct, frozen=True, kw_only=True):
    """Status, headers and body; status 0 when no answer came at all."""

    status: int
    headers: Mapping[str, str] = {}
    """By name in lower case."""
    body: bytes = b""
    why: str = ""
    """Why no answer came, in words without an address's secrets; empty when one came."""
