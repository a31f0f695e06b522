"""S14: who is let in by which door: addresses, names, proxies, keys, other sites' pages."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from made_access import add_key, add_user
from made_web import SHOP, Backroom, running
from msgspec.structs import replace
from visitor import NAME, OUTSIDE, PUBLIC, Visitor, hidden_fields

from shopwright.app.settings import Settings
from shopwright.app.web.asgi import WebApp
from shopwright.app.web.protection import frame_ancestors
from shopwright.app.web.routes import Door
from shopwright.core.clock import SimulatedClock
from shopwright.core.types.access import Scope
from shopwright.core.types.identity import StoreId

OVERVIEW = "/console/api/overview"
LOOPBACK = "127.0.0.1:8400"
STORE = StoreId(SHOP)
ORDER = f"/console/api/stores/{SHOP}/customers/{'a' * 32}/orders"
FEATURES = f"/v1/stores/{SHOP}/features/1"


def played(backroom: Backroom, scenario: Callable[[WebApp], Awaitable[None]]) -> None:
    async def play() -> None:
        app = backroom.app()
        async with running(app):
            await scenario(app)

    asyncio.run(play())


def asked(settings: Settings, visitor: dict[str, object], path: str = OVERVIEW) -> int:
    status = 0

    async def scenario(app: WebApp) -> None:
        nonlocal status
        status = (await Visitor(app, **visitor).get(path)).status  # type: ignore[arg-type]

    played(Backroom(settings), scenario)
    return status


NEAR = {"peer": "127.0.0.1", "scheme": "http", "host": LOOPBACK}


@pytest.mark.parametrize(
    ("visitor", "status"),
    [
        (NEAR, 200),
        (NEAR | {"peer": "::1", "host": "[::1]:8400"}, 200),
        (NEAR | {"peer": "::ffff:127.0.0.1"}, 200),
        (NEAR | {"peer": "127.8.9.10", "host": "localhost"}, 200),
        (NEAR | {"peer": OUTSIDE}, 403),
        (NEAR | {"peer": "10.0.0.5"}, 403),
        (NEAR | {"peer": "::ffff:10.0.0.5"}, 403),
        (NEAR | {"peer": ""}, 403),
        (NEAR | {"peer": "localhost"}, 403),
        (NEAR | {"host": NAME}, 403),
        (NEAR | {"host": "evil.example"}, 421),
        (NEAR | {"host": "127.0.0.1.evil.example"}, 421),
        (NEAR | {"host": "localhost.evil.example"}, 421),
        (NEAR | {"host": "localhost@evil.example"}, 421),
        (NEAR | {"host": "0x7f.1"}, 421),
        (NEAR | {"host": "2130706433"}, 421),
        (NEAR | {"host": ""}, 421),
        (NEAR | {"scheme": "https"}, 200),
        ({"peer": OUTSIDE, "scheme": "http", "host": NAME}, 403),
        ({"peer": OUTSIDE, "scheme": "https", "host": NAME}, 401),
        ({"peer": OUTSIDE, "scheme": "https", "host": "localhost"}, 401),
        ({"peer": OUTSIDE, "scheme": "https", "host": f"{NAME}.evil.example"}, 421),
        ({"peer": OUTSIDE, "scheme": "https", "host": f"evil{NAME}"}, 421),
        ({"peer": OUTSIDE, "scheme": "https", "host": f"{NAME}:8443"}, 401),
    ],
)
def test_s14_open_only_from_this_machine(visitor: dict[str, object], status: int) -> None:
    assert asked(PUBLIC, visitor) == status


@pytest.mark.parametrize(
    "header",
    [
        "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
        "X-Forwarded-Port", "X-Forwarded-Server", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP",
        "CF-Ray", "True-Client-IP", "CDN-Loop", "Fly-Client-IP", "X-Original-Forwarded-For",
        "X-Original-URL", "X-Envoy-External-Address", "X-Amzn-Trace-Id",
    ],
)  # fmt: skip
def test_s14_what_a_proxy_passed_on_is_not_from_here(header: str) -> None:
    async def scenario(app: WebApp) -> None:
        near = Visitor(app, **NEAR)  # type: ignore[arg-type]
        for value in ("127.0.0.1", "localhost", "", "for=127.0.0.1;proto=https"):
            assert (await near.get(OVERVIEW, (header.lower(), value))).status == 403, value

    played(Backroom(PUBLIC), scenario)


FORWARDED = (("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https"))


@pytest.mark.parametrize(
    ("trusted", "visitor", "status"),
    [
        # Nobody is believed who is not named.
        ("", {"peer": OUTSIDE, "scheme": "http", "always": FORWARDED}, 403),
        ("10.0.0.0/8", {"peer": OUTSIDE, "scheme": "http", "always": FORWARDED}, 403),
        ("10.0.0.0/8", {"peer": "127.0.0.1", "scheme": "http", "always": FORWARDED}, 403),
        # Whoever is, is believed about https, and still nobody is let in for saying 127.0.0.1.
        ("10.0.0.0/8", {"peer": "10.1.1.1", "scheme": "http", "always": FORWARDED}, 401),
        ("10.0.0.0/8", {"peer": "::ffff:10.1.1.1", "scheme": "http", "always": FORWARDED}, 401),
        ("10.0.0.0/8", {"peer": "10.1.1.1", "scheme": "http"}, 403),
        ("10.0.0.0/8", {"peer": "10.1.1.1", "scheme": "http",
                        "always": (("x-forwarded-proto", "http"),)}, 403),
        ("10.0.0.0/8", {"peer": "10.1.1.1", "scheme": "http",
                        "always": (("x-forwarded-proto", "https, http"),)}, 403),
        ("10.0.0.0/8", {"peer": "10.1.1.1", "scheme": "https",
                        "always": (("x-forwarded-proto", "http"),)}, 403),
        # A proxy on this machine: what comes from its address is not this machine's user, even
        # when the proxy was told to pass on neither address nor name.
        ("127.0.0.1", {"peer": "127.0.0.1", "scheme": "http", "always": FORWARDED}, 401),
        ("127.0.0.1", NEAR, 401),
        ("127.0.0.1, ::1", NEAR | {"peer": "::1", "host": "localhost"}, 401),
    ],
)  # fmt: skip
def test_s14_forwarded_headers_count_from_named_proxies_only(
    trusted: str, visitor: dict[str, object], status: int
) -> None:
    assert asked(replace(PUBLIC, trusted_proxies=trusted), visitor) == status


def test_s14_a_proxy_that_speaks_http_1_0_without_saying_so_is_not_from_here() -> None:
    async def scenario(app: WebApp) -> None:
        near = Visitor(app, peer="127.0.0.1", scheme="http", host=LOOPBACK)
        made = near._scope

        def old(*arguments: object) -> dict[str, object]:
            return made(*arguments) | {"http_version": "1.0"}  # type: ignore[arg-type]

        near._scope = old  # type: ignore[assignment,method-assign]
        assert (await near.get(OVERVIEW)).status == 403

    played(Backroom(), scenario)


def test_s14_always_means_this_machine_too() -> None:
    assert asked(Settings(require_login="always"), NEAR) == 401
    assert asked(Settings(require_login="always"), NEAR, "/console/") == 303
    assert asked(Settings(require_login="always"), NEAR, "/healthz") == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_s14_health_is_told_to_all_and_reasons_only_to_those_who_may_know(path: str) -> None:
    backroom = Backroom(PUBLIC)
    metrics_key = add_key(backroom.access, None, Scope.METRICS)
    other_key = add_key(backroom.access, STORE, Scope.PREDICT)

    async def scenario(app: WebApp) -> None:
        app._group._trouble = "the log in /srv/secret cannot be written"
        for visitor, may_know in (
            (Visitor(app, host="10.1.1.1"), False),
            (Visitor(app), False),
            (Visitor(app, scheme="http"), False),
            (Visitor(app, key=other_key), False),
            (Visitor(app, key=metrics_key[:-1]), False),
            (Visitor(app, key=metrics_key, scheme="http"), False),
            (Visitor(app, key=metrics_key), True),
            (Visitor(app, **NEAR), True),  # type: ignore[arg-type]
        ):
            told = await visitor.get(path)
            assert told.status == (200 if path == "/healthz" else 503)
            assert (b"/srv/secret" in told.body) is (may_know and path == "/readyz")

    played(backroom, scenario)


# --- keys ---------------------------------------------------------------------------------------


def _spoilt(token: str) -> dict[str, list[tuple[str, str]]]:
    bearer = f"Bearer {token}"
    other_id = token[:4] + ("b" if token[4] != "b" else "c") + token[5:]
    return {
        "none": [],
        "nothing behind it": [("authorization", "Bearer ")],
        "no scheme": [("authorization", token)],
        "another scheme": [("authorization", f"Basic {token}")],
        "its prefix": [("authorization", bearer[:-1])],
        "its prefix without the checksum": [("authorization", bearer[:-8])],
        "one letter more": [("authorization", bearer + "0")],
        "a suffix": [("authorization", f"Bearer {token[4:]}")],
        "upper case": [("authorization", f"Bearer {token.upper()}")],
        "another id": [("authorization", f"Bearer {other_id}")],
        "another last letter of the secret": [
            ("authorization", f"Bearer {token[:-9]}{'A' if token[-9] != 'A' else 'B'}{token[-8:]}")
        ],
        "twice": [("authorization", bearer), ("authorization", bearer)],
        "two in one": [("authorization", f"{bearer}, {bearer}")],
        "a nul behind it": [("authorization", bearer + "\0")],
        "in another header": [("x-api-key", token)],
        "bytes": [("authorization", "Bearer swk_\xff\xfe")],
    }


@pytest.mark.parametrize("how", _spoilt("swk_" + "a" * 60))
def test_s14_only_a_whole_key_opens(how: str) -> None:
    backroom = Backroom(PUBLIC)
    token = add_key(backroom.access, STORE, Scope.FEATURES)

    async def scenario(app: WebApp) -> None:
        assert (await Visitor(app, key=token).get(FEATURES)).status == 200
        refused = await Visitor(app).get(FEATURES, *_spoilt(token)[how])
        assert refused.status == 401
        assert (refused.header("www-authenticate") or "").startswith("Bearer")
        assert token[20:40] not in refused.body.decode()
        in_the_path = await Visitor(app).get(f"{FEATURES}?key={token}&access_token={token}")
        assert in_the_path.status == 401
        # A key that does not count is not mended by being on this machine.
        if how not in ("none", "in another header"):
            near = Visitor(app, **NEAR)  # type: ignore[arg-type]
            assert (await near.get(FEATURES, *_spoilt(token)[how])).status == 401

    played(backroom, scenario)


def test_s14_another_secret_under_a_known_id_is_refused_in_the_words_for_an_unknown_one() -> None:
    from shopwright.privacy.api_tokens import _checksum

    backroom = Backroom(PUBLIC)
    token = add_key(backroom.access, STORE, Scope.FEATURES)
    forged = token[:17] + "A" * 43
    stranger = "swk_bbbbbbbbbbbb_" + "A" * 43
    revoked = add_key(backroom.access, STORE, Scope.FEATURES, revoked_us=1)
    expired = add_key(backroom.access, STORE, Scope.FEATURES, expires_us=1)

    async def scenario(app: WebApp) -> None:
        tokens = [forged + _checksum(forged), stranger + _checksum(stranger), revoked, expired]
        replies = [await Visitor(app, key=one).get(FEATURES) for one in tokens]
        assert [reply.status for reply in replies] == [401] * 4
        assert len({reply.body for reply in replies}) == 1

    played(backroom, scenario)


def test_s14_revoking_and_expiry_count_within_a_second() -> None:
    backroom = Backroom(PUBLIC)
    clock = SimulatedClock(1_800_000_000_000_000)
    backroom.clock = clock  # type: ignore[assignment]
    end_us = clock.now_us() + 5_000_000
    expiring = add_key(backroom.access, STORE, Scope.FEATURES, expires_us=end_us)
    token = add_key(backroom.access, STORE, Scope.FEATURES)

    async def scenario(app: WebApp) -> None:
        one, other = Visitor(app, key=token), Visitor(app, key=expiring)
        assert [(await each.get(FEATURES)).status for each in (one, other)] == [200, 200]
        assert backroom.access.api_keys.revoke(token[4:16], clock.now_us())
        clock.sleep(1.0)
        assert [(await each.get(FEATURES)).status for each in (one, other)] == [401, 200]
        clock.sleep(3.999999)
        assert (await other.get(FEATURES)).status == 200
        clock.sleep(0.000001)
        assert (await other.get(FEATURES)).status == 401

    played(backroom, scenario)


def test_s14_a_key_that_asks_too_fast_is_429_and_others_are_not() -> None:
    backroom = Backroom(replace(PUBLIC, key_requests_per_second=2, key_requests_at_once=3))
    clock = SimulatedClock(1_800_000_000_000_000)
    backroom.clock = clock  # type: ignore[assignment]
    keys = [add_key(backroom.access, STORE, Scope.FEATURES) for _ in range(2)]

    async def scenario(app: WebApp) -> None:
        one, other = (Visitor(app, key=key) for key in keys)
        replies = [await one.get(FEATURES) for _ in range(5)]
        assert [reply.status for reply in replies] == [200] * 3 + [429] * 2
        assert replies[-1].header("retry-after") == "1"
        assert (await other.get(FEATURES)).status == 200
        clock.sleep(1)
        assert [(await one.get(FEATURES)).status for _ in range(3)] == [200, 200, 429]

    played(backroom, scenario)


@pytest.mark.parametrize("scope", list(Scope))
def test_s14_a_key_opens_what_its_scope_says_and_nothing_else(scope: Scope) -> None:
    backroom = Backroom(replace(PUBLIC, key_requests_at_once=10_000))
    key = add_key(backroom.access, None, scope)

    async def scenario(app: WebApp) -> None:
        visitor = Visitor(app, key=key)
        for route in app.routes:
            if route.needs is None or "{name}" in route.path or route.path.endswith("/events"):
                continue
            path = route.path.format(shop=SHOP, entity="a" * 32)
            status = (await visitor.ask(route.method, path, b"{}")).status
            assert (status in (401, 403)) is (route.needs is not scope), (route.path, status)

    played(backroom, scenario)


# --- other sites' pages --------------------------------------------------------------------------

FOREIGN = [
    ("origin", "https://evil.example"), ("origin", "null"), ("origin", f"http://{NAME}"),
    ("origin", f"https://{NAME}.evil.example"), ("origin", f"https://{NAME}:444"),
    ("origin", ""), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"),
    ("sec-fetch-site", ""),
]  # fmt: skip


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
def test_s14_csrf_another_sites_page_changes_nothing(foreign: tuple[str, str]) -> None:
    backroom = Backroom(PUBLIC)
    add_user(backroom.access, "ann")

    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        token = ("x-csrf-token", await ann.csrf())
        for route in _changing(app):
            path = route.path.format(shop=SHOP, entity="a" * 32)
            assert (await ann.ask("POST", path, b"", token, foreign)).status == 403, route.path
        assert (await ann.get(OVERVIEW)).status == 200

    played(backroom, scenario)


def _changing(app: WebApp) -> list[object]:
    """Return the console's routes that change something."""
    return [
        route
        for route in app.routes
        if route.method != "GET" and route.path.startswith("/console") and route.door is Door.CALLER
    ]


@pytest.mark.parametrize("token", [None, "", "A" * 43, "another's", "a prefix", "the cookie"])
def test_s14_csrf_the_sessions_own_token_must_be_repeated(token: str | None) -> None:
    backroom = Backroom(PUBLIC)
    for name in ("ann", "eve"):
        add_user(backroom.access, name)

    async def scenario(app: WebApp) -> None:
        ann, eve = Visitor(app), Visitor(app)
        await ann.sign_in("ann")
        await eve.sign_in("eve")
        right = await ann.csrf()
        said = {
            "another's": await eve.csrf(),
            "a prefix": right[:-1],
            "the cookie": ann.cookies["__Host-shopwright-session"],
        }.get(token or "", token)
        for route in _changing(app):
            path = route.path.format(shop=SHOP, entity="a" * 32)  # type: ignore[attr-defined]
            if route.is_form:  # type: ignore[attr-defined]
                fields = {} if said is None else {"csrf": said}
                refused = await ann.send_form(path, fields)
            else:
                headers = [] if said is None else [("x-csrf-token", said)]
                refused = await ann.ask("POST", path, b"", *headers)
                # 404: it got as far as the handler, which knows no simulated shop.
                ours = await ann.ask("POST", path, b"", ("x-csrf-token", right))
                assert ours.status == 404
            assert refused.status == 403, path
        assert (await ann.get(OVERVIEW)).status == 200

    played(backroom, scenario)


def test_s14_csrf_on_an_open_machine_the_origin_alone_decides() -> None:
    async def scenario(app: WebApp) -> None:
        near = Visitor(app, **NEAR)  # type: ignore[arg-type]
        assert (await near.ask("POST", ORDER)).status == 404
        assert (await near.ask("POST", ORDER, b"", ("origin", f"http://{LOOPBACK}"))).status == 404
        for origin in ("http://127.0.0.1:9999", "http://localhost:8400", "https://evil.example"):
            assert (await near.ask("POST", ORDER, b"", ("origin", origin))).status == 403

    played(Backroom(), scenario)


def test_s14_a_viewer_reads_and_changes_nothing() -> None:
    backroom = Backroom(PUBLIC)
    add_user(backroom.access, "vic", "viewer")

    async def scenario(app: WebApp) -> None:
        vic = Visitor(app)
        await vic.sign_in("vic")
        token = ("x-csrf-token", await vic.csrf())
        assert (await vic.get(f"/console/api/stores/{SHOP}")).status == 200
        assert (await vic.ask("POST", ORDER, b"", token)).status == 403
        assert (await vic.get(FEATURES)).status == 403

    played(backroom, scenario)


# --- what a browser is told ----------------------------------------------------------------------

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
