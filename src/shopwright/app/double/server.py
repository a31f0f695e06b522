"""The simulated Shopify's web server, on loopback: ``http://127.0.0.1:PORT/{shop}/admin/…``."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from shopwright.admin.oauth import sign
from shopwright.app.double.commands import command
from shopwright.app.double.multipart import read_form
from shopwright.app.double.shops import DoubleShop
from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.errors import BadInput
from shopwright.core.types.http import HttpAnswer
from shopwright.core.types.identity import StoreId, store_id_of
from shopwright.simulator.admin.uploads import FILE_BYTES_MAX

REQUEST_BYTES_MAX = 12 << 20
"""A call of metafieldsSet may hold 10 MB."""
UPLOAD_BYTES_MAX = FILE_BYTES_MAX + (1 << 20)
STOP_LOOK_SECONDS = 0.05
"""How often the server looks whether it should end."""
UPLOADS_AT_ONCE = 2
"""An upload lies in memory until its form is read."""
_GRAPHQL = re.compile(r"/admin/api/([^/]+)/graphql\.json")
_FILE = re.compile(r"/bulk/(\d+)\.jsonl")
_SIMULATE = re.compile(r"/simulate/([a-z-]+)")
_UPLOADS = "/uploads"
_HTML = {"content-type": "text/html; charset=utf-8"}
_NOT_FOUND = HttpAnswer(status=404, body=b'{"errors":"Not Found"}')


class DoubleServer:
    """Answers for every shop."""

    def __init__(self, shops: Mapping[StoreId, DoubleShop], clock: Clock) -> None:
        self._shops = shops
        self._clock = clock

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        """Answer one request; a file is answered whole or from the byte asked for."""
        parts = urlsplit(target)
        domain, _, path = parts.path.lstrip("/").partition("/")
        store_id = store_id_of(domain)
        shop = self._shops.get(store_id) if store_id else None
        if shop is None or store_id is None:
            return _NOT_FOUND
        if method == "POST" and f"/{path}" == _UPLOADS:
            return _upload(shop, headers.get("content-type", ""), body, self._clock.now_us())
        found = self._of_shop(shop, store_id, method, f"/{path}", parts.query, headers, body)
        return found or _NOT_FOUND

    def _of_shop(
        self,
        shop: DoubleShop,
        store_id: StoreId,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> HttpAnswer | None:
        now_us = self._clock.now_us()
        with shop.turn:
            if path == "/admin/oauth/authorize":
                return self._consent(shop, store_id, method, query, now_us)
            if method == "POST":
                return _post(shop, path, headers, body, now_us)
            if method == "GET" and _FILE.fullmatch(path):
                return _file(shop, path, headers.get("range", ""), now_us)
        return None

    def _consent(
        self, shop: DoubleShop, store_id: StoreId, method: str, query: str, now_us: int
    ) -> HttpAnswer:
        """Show the merchant what the app asks for; send them back when they approve."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if asked.get("client_id") != shop.app.client_id or "redirect_uri" not in asked:
            return HttpAnswer(status=400, headers=_HTML, body=b"<p>There is no such app.</p>")
        if method == "GET":
            scopes = "".join(f"<li>{escape(one)}</li>" for one in asked["scope"].split(","))
            page = (
                f"<!doctype html><title>Install</title><h1>{escape(store_id)}</h1>"
                f"<p>The app asks for:</p><ul>{scopes}</ul>"
                '<form method="post"><button>Install</button></form>'
            )
            return HttpAnswer(status=200, headers=_HTML, body=page.encode())
        told = {
            "code": shop.app.authorise(now_us),
            "host": "c2ltdWxhdGVk",
            "shop": store_id,
            "state": asked.get("state", ""),
            "timestamp": str(now_us // US_PER_SECOND),
        }
        raw = urlencode(told)
        signature = sign(raw, shop.app.client_secret.encode())
        location = f"{asked['redirect_uri']}?{raw}&hmac={signature}"
        return HttpAnswer(status=302, headers={"location": location})


def _post(
    shop: DoubleShop, path: str, headers: Mapping[str, str], body: bytes, now_us: int
) -> HttpAnswer:
    graphql = _GRAPHQL.fullmatch(path)
    if graphql:
        token = headers.get("x-shopify-access-token", "")
        return shop.api.ask(graphql[1], token, body, now_us)
    if path == "/admin/oauth/access_token":
        return shop.api.grant_form(body, now_us)
    simulate = _SIMULATE.fullmatch(path)
    return command(shop, simulate[1], body, now_us) if simulate else _NOT_FOUND


def _upload(shop: DoubleShop, content_type: str, body: bytes, now_us: int) -> HttpAnswer:
    """Take a file for a staged target, and answer as the store of files would."""
    try:
        form = read_form(content_type, body)
    except BadInput as error:
        return _xml(
            400,
            f"<Error><Code>MalformedPOSTRequest</Code><Message>{escape(str(error))}</Message></Error>",
        )
    with shop.turn:
        status = shop.api.state.uploads.receive(form.fields, form.file, now_us)
    if status != 201:
        code = "AccessDenied" if status == 403 else "SlowDown"
        return _xml(status, f"<Error><Code>{code}</Code></Error>")
    key = escape(dict(form.fields)["key"])
    return _xml(status, f"<PostResponse><Key>{key}</Key></PostResponse>")


def _xml(status: int, text: str) -> HttpAnswer:
    body = f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode()
    return HttpAnswer(status=status, headers={"content-type": "application/xml"}, body=body)


def _file(shop: DoubleShop, path: str, wanted: str, now_us: int) -> HttpAnswer:
    first = int(wanted.removeprefix("bytes=").partition("-")[0] or 0) if wanted else 0
    pieces = []
    try:
        for piece in shop.api.state.files.read(path, first, shop.api.state.faults, now_us):
            pieces.append(piece)  # noqa: PERF402 - what was read before a cut is sent
    except OSError as error:
        if not pieces:
            return HttpAnswer(status=404, body=str(error).encode())
        return HttpAnswer(status=206 if first else 200, body=b"".join(pieces), why="cut")
    return HttpAnswer(
        status=206 if first else 200,
        headers={"content-type": "application/jsonl"},
        body=b"".join(pieces),
    )


@contextmanager
def serving(server: DoubleServer, port: int) -> Iterator[int]:
    """Answer on loopback for the length of the block; give the port."""
    web = ThreadingHTTPServer(("127.0.0.1", port), _handler_for(server))
    web.daemon_threads = True
    thread = threading.Thread(target=web.serve_forever, args=(STOP_LOOK_SECONDS,), daemon=True)
    thread.start()
    try:
        yield int(web.server_address[1])
    finally:
        web.shutdown()
        web.server_close()
        thread.join(10)


def _handler_for(server: DoubleServer) -> type[BaseHTTPRequestHandler]:
    uploading = threading.Semaphore(UPLOADS_AT_ONCE)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if self.path.endswith(_UPLOADS) and length <= UPLOAD_BYTES_MAX:
                with uploading:
                    return self._answer(self.rfile.read(length))
            if length > REQUEST_BYTES_MAX:
                self.close_connection = True
                return self.send_error(413)
            return self._answer(self.rfile.read(length))

        def _answer(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = server.answer(self.command, self.path, headers, body)
            if answer.status == 0:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            missing = 1 if answer.why == "cut" else 0
            self.send_header("Content-Length", str(len(answer.body) + missing))
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = self.close_connection or bool(missing)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: the terminal belongs to the command."""

    return Handler
