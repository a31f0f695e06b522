"""S14: what every answer tells the browser that it may do."""

import re

import pytest
from made_access import add_key, add_user
from made_web import SHOP, Backroom, played
from msgspec.structs import replace
from visitor import PUBLIC, Visitor, hidden_fields

from shopwright.app.web.asgi import WebApp
from shopwright.app.web.protection import frame_ancestors
from shopwright.core.types.access import Scope
from shopwright.core.types.identity import StoreId

STORE = StoreId(SHOP)

PAGES = (
    "/console/", f"/console/stores/{SHOP}", f"/console/stores/{SHOP}/customers/{'a' * 32}",
    "/console/login", "/console/logout",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_s14_every_page_has_a_strict_policy(path: str) -> None:
    backroom = Backroom(PUBLIC)
    add_user(backroom.access, "ann")

    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        page = await ann.get(path)
        assert page.status == 200
        policy = page.header("content-security-policy") or ""
        told = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        assert told["default-src"] == "'none'"
        assert told["frame-ancestors"] == "'none'"
        assert told["base-uri"] == "'none'"
        assert set(told["script-src"].split()) == set(told["style-src"].split()) == {"'self'"}
        assert told["form-action"] == told["connect-src"] == "'self'"
        assert "unsafe" not in policy
        assert "*" not in policy
        assert page.header("x-content-type-options") == "nosniff"
        assert page.header("x-frame-options") == "DENY"
        assert page.header("referrer-policy") == "same-origin"
        assert page.header("cross-origin-opener-policy") == "same-origin"
        assert "camera=()" in (page.header("permissions-policy") or "")
        assert (page.header("strict-transport-security") or "").startswith("max-age=")
        html = page.body.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|style=|javascript:", html)

    played(backroom, scenario)


def test_s14_every_answer_is_protected_and_personal_ones_are_not_kept() -> None:
    backroom = Backroom(replace(PUBLIC, key_requests_at_once=1_000))
    key = add_key(backroom.access, None, *Scope)

    async def scenario(app: WebApp) -> None:
        for visitor in (Visitor(app), Visitor(app, key=key), Visitor(app, scheme="http")):
            for route in app.routes:
                path = route.path.format(shop=SHOP, entity="a" * 32, name="mark.svg")
                told = await visitor.ask(route.method, path, b"{}")
                assert "frame-ancestors 'none'" in (told.header("content-security-policy") or "")
                assert told.header("x-content-type-options") == "nosniff"
                is_https = visitor.scheme == "https"
                assert (told.header("strict-transport-security") is not None) is is_https
                is_public = route.path in PAGES or "{name}" in route.path or "page" in route.says
                kept = told.header("cache-control")
                assert kept == "no-store" or (is_public and kept == "no-cache"), path

    played(backroom, scenario)


def test_s14_frames_are_for_the_one_shop_that_embeds_us_and_never_from_a_list() -> None:
    assert frame_ancestors(None) == "'none'"
    assert frame_ancestors(STORE) == f"https://{SHOP} https://admin.shopify.com"


def test_s14_the_sign_in_page_needs_no_script_and_is_not_kept() -> None:
    async def scenario(app: WebApp) -> None:
        page = await Visitor(app).get("/console/login")
        assert page.header("cache-control") == "no-store"
        assert b"<script" not in page.body
        assert set(hidden_fields(page.body)) == {"token", "next"}

    played(Backroom(PUBLIC), scenario)
