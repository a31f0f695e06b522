"""Serves one webhook from a real data folder, importing nothing that serving does not need."""

import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from shopwright.app import bootstrap, master_key
from shopwright.app.metrics import Metrics
from shopwright.app.settings import Settings
from shopwright.app.web.asgi import WebApp
from shopwright.app.web.parts import open_parts
from shopwright.core.clock import SystemClock
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.events.webhook import sign

SHOP = "pots.myshopify.com"
SECRET = b"hush"


def new_home(home: Path, **changes: Any) -> Settings:
    """Make a data folder with one store and its secret."""
    settings = Settings(home=home, master_key_file=home.with_name(f"{home.name}.key"), **changes)
    master_key.write_master_key(settings, os.urandom(32))
    store = Store(store_id=StoreId(SHOP), currency="GBP", timezone="Europe/London", added_us=1)
    bootstrap.open_stores(settings).put(store)
    bootstrap.open_secrets(settings).add(store.store_id, SECRET)
    return settings


def serve_one_webhook() -> None:
    """Answer one delivery; it must be stored."""
    with tempfile.TemporaryDirectory() as folder:
        settings = new_home(Path(folder) / "home")
        parts = open_parts(settings, 0)
        app = WebApp(parts, settings=settings, clock=SystemClock(), metrics=Metrics())
        assert asyncio.run(_one(app)) == 200


async def _one(app: WebApp) -> int:
    await app.start()
    body = json.dumps({"id": 1, "customer": {"id": 2}}).encode()
    headers = {
        "host": "127.0.0.1",
        "x-shopify-topic": "orders/create",
        "x-shopify-hmac-sha256": sign(SECRET, body),
        "x-shopify-shop-domain": SHOP,
        "x-shopify-api-version": "2026-07",
        "x-shopify-webhook-id": "w1",
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/webhooks",
        "raw_path": b"/webhooks",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    await app.stop()
    return int(sent[0]["status"])
