"""The public address is tried before Shopify is told of it; each trouble has its own words."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from shopwright.app.reachable import trouble_at


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ours = self.path == "/ours/healthz"
        body = b'{"status":"alive","reasons":[]}' if ours else b"<html>"
        self.send_response(302 if self.path.startswith("/moved") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/ours/healthz")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_our_own_web_process_is_recognised(address: str) -> None:
    assert trouble_at(f"{address}/ours") == ""


@pytest.mark.parametrize("path", ["/other", "/moved", ""])
def test_anything_else_is_not(address: str, path: str) -> None:
    assert "something else answers" in trouble_at(f"{address}{path}")


def test_nobody_there(free_port: int) -> None:
    assert "nobody answers" in trouble_at(f"http://127.0.0.1:{free_port}")


def test_a_certificate_that_is_none(address: str) -> None:
    said = trouble_at(address.replace("http", "https"))
    assert "certificate" in said or "nobody answers" in said
