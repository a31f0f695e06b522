"""A page inside Shopify's admin: its session token counts only when it is genuine and of now."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from double_shopify import OTHER, SECRET, STORE, DoubleShopify, double_shopify
from made_web import Backroom, running
from visitor import NEAR, Reply, Visitor

from shopwright.app.double.shops import CLIENT_ID
from shopwright.app.shopify import open_shopify
from shopwright.core.clock import US_PER_SECOND, SystemClock
from shopwright.core.types.connection import Connection, Credential
from shopwright.core.types.identity import StoreId


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoubleShopify]:
    with double_shopify(tmp_path, monkeypatch) as running_double:
        prepared = Credential(
            store_id=STORE, mode="oauth", client_id=CLIENT_ID, client_secret=SECRET
        )
        open_shopify(running_double.settings).vault.put(prepared)
        yield running_double


def token(double: DoubleShopify, store: StoreId = STORE, ago_seconds: int = 0) -> str:
    now_us = SystemClock().now_us() - ago_seconds * US_PER_SECOND
    return double.shops[store].app.session_token(store, now_us)


def sent(double: DoubleShopify, *authorization: str) -> Reply:
    backroom = Backroom(double.settings)

    async def play() -> Reply:
        app = backroom.app()
        async with running(app):
            headers = [("authorization", one) for one in authorization]
            return await Visitor(app, **NEAR).ask("POST", "/oauth/session", b"", *headers)

    return asyncio.run(play())


def test_a_session_token_becomes_an_offline_token_once(double: DoubleShopify) -> None:
    reply = sent(double, f"Bearer {token(double)}")
    assert reply.status == 200, reply.body
    assert json.loads(reply.body)["store_id"] == STORE
    assert "read_orders" in json.loads(reply.body)["scopes"]
    shopify = open_shopify(double.settings)
    kept = shopify.vault.get(STORE)
    assert kept is not None
    assert kept.refresh_token
    grants = double.shops[STORE].app.grants
    assert sent(double, f"Bearer {token(double)}").status == 200
    assert double.shops[STORE].app.grants == grants
    assert kept.access_token.encode() not in reply.body


def test_a_store_that_must_be_approved_again_is_mended(double: DoubleShopify) -> None:
    assert sent(double, f"Bearer {token(double)}").status == 200
    shopify = open_shopify(double.settings)
    double.shops[STORE].app.revoke_all()
    shopify.connections.put(
        Connection(
            store_id=STORE,
            mode="oauth",
            connected_us=1,
            api_version="2026-10",
            state="authorise_again",
            trouble="refused",
        )
    )
    assert sent(double, f"Bearer {token(double)}").status == 200
    known = shopify.connections.get(STORE)
    assert known is not None
    assert (known.state, known.trouble) == ("connected", "")
    assert shopify.client.ask(STORE, "{ shop { name } }")["shop"]["name"]


def _forged(genuine: str) -> str:
    head, claims, signature = genuine.split(".")
    return ".".join((head, claims, signature[:-2] + ("AA" if signature[-2:] != "AA" else "BB")))


@pytest.mark.parametrize(
    "how", ["absent", "empty", "forged", "old", "another store", "no token", "basic", "another app"]
)
def test_nothing_else_is_believed(double: DoubleShopify, how: str) -> None:
    genuine = token(double)
    header = {
        "absent": (),
        "empty": ("Bearer ",),
        "forged": (f"Bearer {_forged(genuine)}",),
        "old": (f"Bearer {token(double, ago_seconds=120)}",),
        "another store": (f"Bearer {token(double, OTHER)}",),
        "no token": (f"Bearer {os.urandom(30).hex()}",),
        "basic": (f"Basic {genuine}",),
        "another app": (f"Bearer {genuine}",),
    }[how]
    if how == "another app":
        shopify = open_shopify(double.settings)
        other = Credential(store_id=STORE, mode="oauth", client_id="x", client_secret=SECRET)
        shopify.vault.put(other)
    grants = double.shops[STORE].app.grants
    reply = sent(double, *header)
    assert reply.status == 401
    assert reply.header("x-shopify-retry-invalid-session-request") == "1"
    assert double.shops[STORE].app.grants == grants
