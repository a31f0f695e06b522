"""The console: pages that trust nothing, and what they ask for."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.resources import files
from typing import Any

import pytest
from made_web import ANYWHERE, SHOP, STORE, Backroom, Client, order_body, running, scope_of

from shopwright.app.settings import Settings
from shopwright.app.web.demo_shop import DemoShop
from shopwright.app.web.live import LISTENERS_MAX
from shopwright.core.errors import BadInput
from shopwright.features.definitions import CUSTOMER

DAY_US = 86_400_000_000
API = f"/console/api/stores/{SHOP}"
PAGES = ("/console/", f"/console/stores/{SHOP}", f"/console/stores/{SHOP}/customers/{'a' * 32}")


async def _customers(client: Client, backroom: Backroom, count: int) -> None:
    now_us = backroom.clock.now_us()
    for number in range(count):
        body = order_body(100 + number, 500 + number, now_us - (number + 1) * DAY_US)
        assert (await client.webhook(body, f"w{number}")).status == 200
    backroom.materialize()


@pytest.mark.parametrize("page", PAGES)
def test_pages_allow_no_script_but_our_own_files(page: str) -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            answered = await client.get(page)
            assert answered.status == 200
            assert answered.headers["content-type"].startswith("text/html")
            policy = answered.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answered.headers["x-frame-options"] == "DENY"
            again = await client.get(page, if_none_match=answered.headers["etag"])
            assert (again.status, again.body) == (304, b"")

    asyncio.run(scenario())


def test_assets_name_no_other_site_and_write_no_html() -> None:
    folder = files("shopwright.app.web") / "console_assets"
    for entry in folder.iterdir():
        text = entry.read_text()
        addresses = set(re.findall(r"(?:https?:)?//[\w.]+", text)) - {"http://www.w3.org"}
        if entry.name.endswith(".js"):
            addresses = {one for one in addresses if "://" in one}
        assert addresses == set(), entry.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|style=", text), entry.name


def test_every_file_that_a_page_names_exists() -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            for page in PAGES:
                html = (await client.get(page)).body.decode()
                for path in set(re.findall(r'(?:href|src)="(/console/assets/[^"]+)"', html)):
                    assert (await client.get(path)).status == 200, path
            assert (await client.get("/console/assets/nothing.js")).status == 404
            assert (await client.get("/console/assets/..%2Fserver.py")).status == 404

    asyncio.run(scenario())


def test_the_bare_address_leads_to_the_console() -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            for path in ("/", "/console"):
                answered = await client.get(path)
                assert (answered.status, answered.headers["location"]) == (308, "/console/")

    asyncio.run(scenario())


@pytest.mark.parametrize("host", ["shop.example", "127.0.0.1.evil.example", "localhost:84000000"])
def test_a_rebound_name_is_421(host: str) -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            for path in (*PAGES, "/console/api/overview", "/openapi.json", "/metrics"):
                assert (await client.get(path, host=host)).status == 421

    asyncio.run(scenario())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8400", "[::1]:8400", "LOCALHOST:9"])
def test_this_machine_by_any_of_its_names_is_let_in(host: str) -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            assert (await client.get("/console/", host=host)).status == 200

    asyncio.run(scenario())


def test_the_overview_shows_stores_models_and_traffic() -> None:
    backroom = Backroom()
    version = backroom.crown()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _customers(client, backroom, 3)
            (store,) = (await client.get("/console/api/overview")).json()["stores"]
            assert (store["store_id"], store["currency"], store["customers"]) == (SHOP, "GBP", 3)
            assert store["webhooks_last_minute"] == 3
            assert 0 <= store["last_event_age_seconds"] < 60
            model = store["model"]
            assert model["version"] == version
            assert set(model["baselines"]) == {"order_count", "recency", "logistic_regression"}
            assert 0 < model["average_precision"] < 1

    asyncio.run(scenario())


def test_customers_come_in_pages_without_loss_or_repetition() -> None:
    backroom = Backroom()
    backroom.crown()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _customers(client, backroom, 25)
            seen: list[str] = []
            after = ""
            while True:
                page = (await client.get(f"{API}?limit=10{after}")).json()
                seen += [row["entity"] for row in page["customers"]]
                assert all(row["score"] is not None for row in page["customers"])
                assert all(row["orders_total"] == 1 for row in page["customers"])
                if page["next_after"] is None:
                    break
                after = f"&after={page['next_after']}"
            assert len(seen) == 25
            assert seen == sorted(set(seen))
            for wrong in ("limit=0", "limit=x", "limit=201", "after=zz"):
                assert (await client.get(f"{API}?{wrong}")).status == 400

    asyncio.run(scenario())


def test_without_a_model_customers_are_shown_without_scores() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _customers(client, backroom, 2)
            page = (await client.get(API)).json()
            assert [row["score"] for row in page["customers"]] == [None, None]
            assert [row["orders_total"] for row in page["customers"]] == [1, 1]
            assert "shopwright train" in page["store"]["no_model"]

    asyncio.run(scenario())


def test_a_customer_has_twelve_features_with_meaning_and_unit() -> None:
    backroom = Backroom()
    backroom.crown()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _customers(client, backroom, 1)
            card = (await client.get(f"{API}/customers/500")).json()
            assert tuple(cell["name"] for cell in card["features"]) == CUSTOMER.names
            assert all(cell["says"] and cell["unit"] for cell in card["features"])
            assert card["entity"] == backroom.scoring.pseudonym_of(STORE.store_id, "500").hex()
            assert card["known"]
            assert card["band"] in ("high", "raised", "usual", "low")
            assert not card["demo"]
            assert not (await client.get(f"{API}/customers/1")).json()["known"]

    asyncio.run(scenario())


class _Listener:
    """A page that listens: collects what is streamed to it."""

    def __init__(self, app: Any, path: str) -> None:
        self.sent: list[dict[str, Any]] = []
        self.left = asyncio.Event()
        scope = scope_of("GET", path, {"host": ANYWHERE})
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(dict(message))

    async def cards(self, count: int) -> list[dict[str, Any]]:
        """Return that many cards, once they have come."""
        for _ in range(500):
            bodies = [part["body"] for part in self.sent[1:]]
            found = [json.loads(one[6:]) for one in bodies if one.startswith(b"data: ")]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)
        raise AssertionError(f"{len(found)} cards came, not {count}")


def test_a_page_that_listens_sees_each_change_and_how_long_it_took() -> None:
    backroom = Backroom()
    backroom.crown()

    async def scenario() -> None:
        app = backroom.app()
        async with running(app) as client:
            await _customers(client, backroom, 1)
            page = _Listener(app, f"{API}/customers/500/events")
            (first,) = await page.cards(1)
            body = order_body(900, 500, backroom.clock.now_us() - 1_000)
            await client.webhook(body, "later")
            await asyncio.sleep(0.05)
            backroom.materialize()
            _, second = await page.cards(2)
            page.left.set()
            await asyncio.wait_for(page.task, 5)
            values = [
                {cell["name"]: cell["value"] for cell in card["features"]}
                for card in (first, second)
            ]
            assert [value["orders_total"] for value in values] == [1, 2]
            assert second["revision"] > first["revision"]
            change = second["change"]
            assert change["revision"] == second["revision"]
            assert 50 <= change["event_to_feature_ms"] < 5_000
            assert change["readable_us"] - change["received_us"] == round(
                change["event_to_feature_ms"] * 1_000
            )

    asyncio.run(scenario())
    assert b"shopwright_console_listeners 0.0" in backroom.metrics.expose()


def test_listeners_are_bounded_and_leave_no_trace() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        app = backroom.app()
        async with running(app) as client:
            pages = [_Listener(app, f"{API}/customers/{n}/events") for n in range(LISTENERS_MAX)]
            await asyncio.gather(*(page.cards(1) for page in pages))
            assert (await client.get(f"{API}/customers/1/events")).status == 503
            for page in pages:
                page.left.set()
            await asyncio.gather(*(page.task for page in pages))
            last = _Listener(app, f"{API}/customers/1/events")
            await last.cards(1)
            last.left.set()
            await last.task

    asyncio.run(scenario())


def test_a_stop_ends_every_stream() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        app = backroom.app()
        async with running(app):
            page = _Listener(app, f"{API}/customers/1/events")
            await page.cards(1)
            app.end_streams()
            await asyncio.wait_for(page.task, 2)
            assert page.sent[-1] == {"type": "http.response.body", "body": b""}

    asyncio.run(scenario())


@contextmanager
def _simulated_shop(answers: dict[str, tuple[int, bytes]]) -> Iterator[tuple[str, list[bytes]]]:
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer("POST")

        def do_GET(self) -> None:
            self._answer("GET")

        def _answer(self, method: str) -> None:
            status, body = answers[method]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_click_goes_to_the_simulated_shop_and_truth_comes_back() -> None:
    entity = "ab" * 16
    placed = {"webhook_id": "w9", "sent_us": 5, "order": {"name": "<b>#1</b>", "total": 3.5}}
    answers = {
        "POST": (200, json.dumps(placed).encode()),
        "GET": (200, json.dumps({entity: {"probability": 0.25, "baseline": 0.5}}).encode()),
    }
    with _simulated_shop(answers) as (url, asked):
        backroom = Backroom(Settings(demo_url=url))

        async def scenario() -> None:
            async with running(backroom.app()) as client:
                said = await client.post(f"{API}/customers/{entity}/orders", b"")
                assert said.json() == placed
                truth = (await client.get(f"{API}/customers/{entity}/truth")).json()
                assert (truth["probability"], truth["baseline"]) == (0.25, 0.5)
                assert (await client.get(f"{API}/customers/{'cd' * 16}/truth")).json() is None
                foreign = {"Origin": "https://evil.example"}
                refused = await client.post(f"{API}/customers/{entity}/orders", b"", foreign)
                assert refused.status == 403

        asyncio.run(scenario())
    assert [json.loads(one) for one in asked] == [{"entity": entity}]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, b"[1]"), "strangely"),
        ((200, b"<html>"), "does not answer"),
        ((404, b'{"error":"nobody of that name"}'), "nobody of that name"),
        ((500, b"oh"), "answered 500"),
    ],
)
def test_a_strange_simulated_shop_is_502_and_explained(
    answer: tuple[int, bytes], says: str
) -> None:
    with _simulated_shop({"POST": answer}) as (url, _):
        backroom = Backroom(Settings(demo_url=url))

        async def scenario() -> None:
            async with running(backroom.app()) as client:
                said = await client.post(f"{API}/customers/{'ab' * 16}/orders", b"")
                assert said.status == 502
                assert says in said.json()["error"]

        asyncio.run(scenario())


def test_without_a_demo_there_is_no_order_to_place() -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            said = await client.post(f"{API}/customers/{'ab' * 16}/orders", b"")
            assert said.status == 404
            assert "shopwright demo" in said.json()["error"]

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["http://example.com", "https://127.0.0.1", "file:///etc/passwd"])
def test_a_simulated_shop_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match=r"http://|other machines"):
        DemoShop(url)
