"""Somebody with a browser, or without one, before the web process: in the same loop, over ASGI."""

import asyncio
import json
import re
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from made_access import PASSWORD

from shopwright.app.settings import Settings
from shopwright.app.web.asgi import WebApp

OUTSIDE = "203.0.113.9"
NAME = "shop.example"
LOOPBACK = "127.0.0.1:8400"
NEAR: dict[str, Any] = {"peer": "127.0.0.1", "scheme": "http", "host": LOOPBACK}
PUBLIC = Settings(public_url=f"https://{NAME}")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Reply:
    """One answer, every header of it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key == name]

    def header(self, name: str) -> str | None:
        """Return the only value of a header."""
        found = self.all(name)
        assert len(found) <= 1, (name, found)
        return found[0] if found else None

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class Visitor:
    """Comes from an address over http or https, and keeps cookies as a browser does."""

    def __init__(
        self,
        app: WebApp,
        *,
        peer: str = OUTSIDE,
        scheme: str = "https",
        host: str = NAME,
        key: str | None = None,
        always: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.app = app
        self.peer = peer
        self.scheme = scheme
        self.host = host
        self.always = (*always, *([("authorization", f"Bearer {key}")] if key else []))
        self.cookies: dict[str, str] = {}

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *headers: tuple[str, str],
        patience: float = 20.0,
    ) -> Reply:
        """Send one request; a stream of events is left after its first one."""
        sent: list[dict[str, Any]] = []
        enough = asyncio.Event()
        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if parts:
                return parts.pop(0)
            await enough.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(dict(message))
            if len(sent) == 2:
                enough.set()

        async with asyncio.timeout(patience):
            await self.app(self._scope(method, path, body, headers), receive, send)
        head = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        told = b"".join(part["body"] for part in sent[1:])
        reply = Reply(int(sent[0]["status"]), tuple(head), told)
        self._keep(reply)
        return reply

    async def get(self, path: str, *headers: tuple[str, str]) -> Reply:
        """Send a GET."""
        return await self.ask("GET", path, b"", *headers)

    async def send_form(
        self, path: str, fields: dict[str, str], *headers: tuple[str, str]
    ) -> Reply:
        """Send a form as the page of this very site."""
        proxied = ("x-forwarded-proto", "https") in self.always
        origin = ("origin", f"{'https' if proxied else self.scheme}://{self.host}")
        body = urlencode(fields).encode()
        return await self.ask("POST", path, body, ("content-type", FORM), *(headers or [origin]))

    async def sign_in(self, name: str, password: str = PASSWORD, there: str = "") -> Reply:
        """Open the sign-in page and send its form."""
        page = await self.get(f"/console/login?{urlencode({'next': there})}")
        fields = hidden_fields(page.body)
        return await self.send_form("/console/login", fields | {"name": name, "password": password})

    async def csrf(self) -> str:
        """Return the token of the session."""
        return str((await self.get("/console/api/account")).json()["csrf"])

    def _scope(
        self, method: str, path: str, body: bytes, more: tuple[tuple[str, str], ...]
    ) -> dict[str, Any]:
        raw_path, _, query = path.partition("?")
        headers = [("host", self.host), ("content-length", str(len(body))), *self.always, *more]
        if self.cookies:
            told = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers.append(("cookie", told))
        return {
            "type": "http",
            "method": method,
            "path": raw_path,
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
            "client": (self.peer, 50_000),
            "scheme": self.scheme,
            "http_version": "1.1",
        }

    def _keep(self, reply: Reply) -> None:
        for line in reply.all("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


def hidden_fields(html: bytes) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    found = re.findall(rb'<input type="hidden" name="(\w+)" value="([^"]*)">', html)
    return {name.decode(): value.decode() for name, value in found}
