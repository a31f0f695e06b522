"""The shops' own little web server, on loopback: a click in the console arrives here."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from msgspec import Struct

from shopwright.app.demo.shops import SimulatedShops
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import ShopwrightError
from shopwright.privacy.pseudonyms import parse

REQUEST_BYTES_MAX = 4_096


class _Asked(Struct, forbid_unknown_fields=True):
    entity: str


@contextmanager
def shop_server(shops: SimulatedShops, port: int) -> Iterator[None]:
    """Answer clicks inside the block."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler_for(shops))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler_for(shops: SimulatedShops) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_POST(self) -> None:
            parts = unquote(urlsplit(self.path).path).strip("/").split("/")
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, REQUEST_BYTES_MAX))
            if len(parts) != 3 or (parts[0], parts[2]) != ("stores", "orders"):
                return self._answer(404, {"error": "POST /stores/{shop}/orders"})
            try:
                entity = parse(msgspec.json.decode(body, type=_Asked).entity)
                if entity is None:
                    return self._answer(400, {"error": "entity must be 32 hexadecimal digits"})
                return self._answer(200, shops.place_order(parts[1], entity))
            except NOT_DECODABLE as error:
                return self._answer(400, {"error": str(error)})
            except ShopwrightError as error:
                return self._answer(404, {"error": str(error)})

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            query = parse_qs(split.query)
            if split.path != "/truth" or not {"store", "entities"} <= query.keys():
                return self._answer(404, {"error": "GET /truth?store=…&entities=…"})
            found = {}
            for text in query["entities"][0].split(","):
                entity = parse(text)
                try:
                    if entity is not None:
                        found[text] = shops.truth(query["store"][0], entity)
                except ShopwrightError:
                    continue  # the console shows no truth where the simulation knows none
            return self._answer(200, found)

        def _answer(self, status: int, value: object) -> None:
            body = msgspec.json.encode(value)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: the demo's terminal belongs to the demo."""

    return Handler
