"""S14: sessions that cannot be guessed, forged, fixed, replayed or outlived."""

import asyncio
import re
from collections.abc import Callable
from http.cookies import SimpleCookie

import pytest
from made_access import PASSWORD
from made_web import SHOP, Backroom, played, room
from msgspec.structs import replace
from visitor import PUBLIC, Visitor, hidden_fields

from shopwright.app.web.asgi import WebApp
from shopwright.core.types.identity import StoreId
from shopwright.privacy.passwords import Cost, has_grown

SECURE = "__Host-shopwright-session"
PLAIN = "shopwright-session"
OVERVIEW = "/console/api/overview"


def test_s14_a_session_opens_the_console_and_signing_out_closes_it() -> None:
    backroom = room(PUBLIC)

    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        assert (await ann.get(OVERVIEW)).status == 401
        stranger = await ann.get(f"/console/stores/{SHOP}")
        assert stranger.status == 303
        assert stranger.header("location") == f"/console/login?next=%2Fconsole%2Fstores%2F{SHOP}"
        led = await ann.sign_in("Ann", there=f"/console/stores/{SHOP}")
        assert (led.status, led.header("location")) == (303, f"/console/stores/{SHOP}")
        assert (await ann.get(OVERVIEW)).status == 200
        assert (await ann.get("/console/api/account")).json()["name"] == "ann"
        kept = ann.cookies[SECURE]
        page = await ann.get("/console/logout")
        out = await ann.send_form("/console/logout", hidden_fields(page.body))
        assert (out.status, out.header("location")) == (303, "/console/login")
        assert SECURE not in ann.cookies
        ann.cookies[SECURE] = kept
        assert (await ann.get(OVERVIEW)).status == 401

    played(backroom, scenario)
    told = [(line.who, line.did) for line in backroom.access.audit.of(9)]
    assert told == [("user ann", "logout"), ("user ann", "login")]


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "/console/../../x", "\\\\e",
        "/console//evil.example", "javascript:alert(1)", "/console/\r\nset-cookie: x=y",
        "/webhooks",
        "/console/stores/a/../../../x", "/console/%2e%2e/x", "http:/evil", " /console/", "/console",
    ],
)  # fmt: skip
def test_s14_signing_in_leads_nowhere_but_to_the_console(there: str) -> None:
    async def scenario(app: WebApp) -> None:
        led = await Visitor(app).sign_in("ann", there=there)
        assert (led.status, led.header("location")) == (303, "/console/")

    played(room(PUBLIC), scenario)


def test_s14_cookies_over_https_and_on_plain_loopback() -> None:
    async def scenario(app: WebApp) -> None:
        outside = Visitor(app)
        near = Visitor(app, peer="127.0.0.1", scheme="http", host="127.0.0.1:8400")
        for visitor, name, secure in ((outside, SECURE, True), (near, PLAIN, False)):
            page = await visitor.get("/console/login")
            led = await visitor.sign_in("ann")
            for line in (*page.all("set-cookie"), *led.all("set-cookie")):
                (morsel,) = SimpleCookie(line).values()
                assert morsel["path"] == "/"
                assert bool(morsel["secure"]) is secure
                assert morsel["domain"] == ""
                if morsel["max-age"] != "0":
                    assert morsel["httponly"]
                    assert morsel["samesite"] == "Strict"
            assert re.fullmatch(r"[\w-]{43}", visitor.cookies[name])
            assert (await visitor.get(OVERVIEW)).status == 200
        # What a plain page can set counts for nothing over https.
        outside.cookies = {PLAIN: outside.cookies[SECURE]}
        assert (await outside.get(OVERVIEW)).status == 401

    played(room(replace(PUBLIC, require_login="always")), scenario)


def test_s14_nothing_that_was_brought_along_becomes_a_session() -> None:
    backroom = room(PUBLIC, "ann", "eve")

    async def scenario(app: WebApp) -> None:
        ann, eve = Visitor(app), Visitor(app)
        planted = "A" * 43
        ann.cookies[SECURE] = planted
        await ann.sign_in("ann")
        assert ann.cookies[SECURE] != planted
        assert (await ann.get(OVERVIEW)).status == 200
        first = ann.cookies[SECURE]
        await ann.sign_in("ann")
        assert ann.cookies[SECURE] != first
        # The old one has ended, so that whoever planted or saw it has nothing.
        await eve.sign_in("eve")
        eve.cookies[SECURE] = first
        assert (await eve.get(OVERVIEW)).status == 401
        eve.cookies[SECURE] = planted
        assert (await eve.get(OVERVIEW)).status == 401

    played(backroom, scenario)


FORGERIES: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "one letter less": lambda token: token[:-1],
    "one letter more": lambda token: token + "A",
    "another last letter": lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    "another first letter": lambda token: ("A" if token[0] != "A" else "B") + token[1:],
    "other case": lambda token: token.swapcase(),
    "its hash": lambda token: __import__("hashlib").sha256(token.encode()).hexdigest()[:43],
    "quoted": lambda token: f'"{token}"',
    "percent": lambda token: f"%{ord(token[0]):02x}{token[1:]}",
    "all the same": lambda _: "A" * 43,
    "sql": lambda _: "' OR 1=1 -- ".ljust(43, "x"),
    "another's name": lambda _: "ann".ljust(43, "_"),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_s14_a_forged_session_is_none(how: str) -> None:
    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        ann.cookies[SECURE] = FORGERIES[how](ann.cookies[SECURE])
        assert (await ann.get(OVERVIEW)).status == 401
        assert (await ann.get("/console/")).status == 303

    played(room(PUBLIC), scenario)


def test_s14_two_cookies_of_the_name_are_none() -> None:
    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        mine = ("cookie", f"{SECURE}={ann.cookies[SECURE]}")
        ann.cookies = {SECURE: "B" * 43}
        assert (await ann.get(OVERVIEW, mine)).status == 401

    played(room(PUBLIC), scenario)


def _idle(backroom: Backroom, _app: WebApp) -> None:
    backroom.clock.sleep(12 * 3_600 + 1)


def _old(backroom: Backroom, _app: WebApp) -> None:
    backroom.clock.sleep(7 * 86_400 + 1)


def _password(backroom: Backroom, _app: WebApp) -> None:
    user = backroom.access.users.get("ann")
    assert user is not None
    backroom.access.users.change(replace(user, password_us=user.password_us + 1))


def _removed(backroom: Backroom, _app: WebApp) -> None:
    backroom.access.users.remove("ann")


def _removed_and_added(backroom: Backroom, _app: WebApp) -> None:
    user = backroom.access.users.get("ann")
    assert user is not None
    backroom.access.users.remove("ann")
    backroom.access.users.add(replace(user, password_us=user.password_us + 5))


def _ended(backroom: Backroom, _app: WebApp) -> None:
    assert backroom.access.sessions.end_all("ann") == 1


def _wrong_clock(backroom: Backroom, _app: WebApp) -> None:
    backroom.clock.sleep(-86_400)


@pytest.mark.parametrize(
    "what",
    [_idle, _old, _password, _removed, _removed_and_added, _ended, _wrong_clock],
    ids=lambda what: what.__name__,
)
def test_s14_a_session_ends_by(what: Callable[[Backroom, WebApp], None]) -> None:
    backroom = room(PUBLIC)

    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        assert (await ann.get(OVERVIEW)).status == 200
        what(backroom, app)
        assert (await ann.get(OVERVIEW)).status == 401

    played(backroom, scenario)


def test_s14_use_keeps_a_session_alive_but_not_for_ever() -> None:
    backroom = room(PUBLIC)

    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        statuses = []
        for _ in range(16):
            backroom.clock.sleep(11 * 3_600)
            statuses.append((await ann.get(OVERVIEW)).status)
            await asyncio.sleep(0.02)
        # 7 days are 168 hours: fifteen times eleven hours still count, the sixteenth does not.
        assert statuses == [200] * 15 + [401]

    played(backroom, scenario)


def test_s14_only_hashes_are_kept() -> None:
    backroom = room(PUBLIC)

    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        token = ann.cookies[SECURE]
        kept = repr((vars(backroom.access.sessions), vars(backroom.access.users)))
        assert token not in kept
        assert PASSWORD not in kept
        assert "ann" in kept

    played(backroom, scenario)


def test_s14_what_is_kept_grows_with_the_parameters_and_the_session_stays() -> None:
    backroom = room(PUBLIC)
    backroom.access = replace(backroom.access, cost=Cost(3, 2, 1))
    before = backroom.access.users.get("ann")
    assert before is not None
    assert has_grown(before.password, backroom.access.cost)

    async def scenario(app: WebApp) -> None:
        ann, again = Visitor(app), Visitor(app)
        assert (await ann.sign_in("ann")).status == 303
        grown = backroom.access.users.get("ann")
        assert grown is not None
        assert not has_grown(grown.password, backroom.access.cost)
        assert (await again.sign_in("ann")).status == 303
        assert (await ann.get(OVERVIEW)).status == 200

    played(backroom, scenario)


def test_s14_a_role_and_stores_that_change_count_at_once() -> None:
    backroom = room(PUBLIC)

    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        path = f"/console/api/stores/{SHOP}"
        assert (await ann.get(path)).status == 200
        user = backroom.access.users.get("ann")
        assert user is not None
        elsewhere = frozenset([StoreId("other.myshopify.com")])
        backroom.access.users.change(replace(user, stores=elsewhere))
        assert (await ann.get(path)).status == 403
        assert (await ann.get(OVERVIEW)).json()["stores"] == []
        assert (await ann.get("/metrics")).status == 403

    played(backroom, scenario)


def test_s14_a_stream_ends_with_the_session() -> None:
    backroom = room(PUBLIC)

    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        route, parameters = app._table.find(
            "GET", f"/console/api/stores/{SHOP}/customers/{'a' * 32}/events"
        )
        from shopwright.app.web.request import Request

        scope = ann._scope("GET", f"/console/api/stores/{SHOP}/customers/x/events", b"", ())
        request = Request(scope, None, parameters)  # type: ignore[arg-type]
        app._guard.admit(route, request)
        stream = await route.handler(request)
        assert b"entity" in await anext(stream.items)  # type: ignore[union-attr]
        waiting = asyncio.create_task(anext(stream.items, None))  # type: ignore[union-attr,arg-type]
        await asyncio.sleep(0.05)
        backroom.access.sessions.end_all("ann")
        for listeners in app._watch._listeners.values():
            for changed in listeners:
                changed.set()
        assert await asyncio.wait_for(waiting, 5) is None

    played(backroom, scenario)
