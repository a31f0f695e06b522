"""S14: sessions that cannot be guessed, forged, fixed, replayed or outlived."""

import asyncio
import re
import statistics
import time
from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest
from counts import cases
from made_access import PASSWORD, add_user
from made_web import SHOP, Backroom, running
from msgspec.structs import replace
from visitor import OUTSIDE, PUBLIC, Visitor, hidden_fields

from shopwright.app.settings import Settings
from shopwright.app.web.asgi import WebApp
from shopwright.app.web.sign_in import SignIn
from shopwright.core.clock import SimulatedClock
from shopwright.core.types.identity import StoreId
from shopwright.privacy.passwords import Cost, has_grown
from shopwright.privacy.patience import FREE_ADDRESS, FREE_NAME

SECURE = "__Host-shopwright-session"
PLAIN = "shopwright-session"
OVERVIEW = "/console/api/overview"
WRONG = b"do not fit together"
WAIT = b"Too many attempts"


def room(settings: Settings = PUBLIC, *users: str) -> Backroom:
    """Return an installation with a simulated clock and these people."""
    made = Backroom(settings)
    made.clock = SimulatedClock(1_800_000_000_000_000)  # type: ignore[assignment]
    for name in users or ("ann",):
        add_user(made.access, name)
    return made


def played(backroom: Backroom, scenario: Callable[[WebApp], Awaitable[None]]) -> None:
    async def play() -> None:
        app = backroom.app()
        async with running(app):
            await scenario(app)

    asyncio.run(play())


def test_s14_a_session_opens_the_console_and_signing_out_closes_it() -> None:
    backroom = room()

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

    played(room(), scenario)


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

    played(room(), scenario)


def test_s14_two_cookies_of_the_name_are_none() -> None:
    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        mine = ("cookie", f"{SECURE}={ann.cookies[SECURE]}")
        ann.cookies = {SECURE: "B" * 43}
        assert (await ann.get(OVERVIEW, mine)).status == 401

    played(room(), scenario)


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
    backroom = room()

    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        assert (await ann.get(OVERVIEW)).status == 200
        what(backroom, app)
        assert (await ann.get(OVERVIEW)).status == 401

    played(backroom, scenario)


def test_s14_use_keeps_a_session_alive_but_not_for_ever() -> None:
    backroom = room()

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
    backroom = room()

    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        await ann.sign_in("ann")
        token = ann.cookies[SECURE]
        kept = repr((vars(backroom.access.sessions), vars(backroom.access.users)))
        assert token not in kept
        assert PASSWORD not in kept
        assert "ann" in kept

    played(backroom, scenario)


@pytest.mark.parametrize(
    "name", ["ann", "nobody", "NOBODY", "x" * 300, "", "a\0b", "Ünï", PASSWORD]
)
def test_s14_wrong_names_and_passwords_get_the_same_answer_and_the_same_waits(name: str) -> None:
    backroom = room()

    async def scenario(app: WebApp) -> None:
        visitor = Visitor(app)
        for _ in range(FREE_NAME + 1):
            refused = await visitor.sign_in(name, "not the password")
            assert refused.status == 403
            assert WRONG in refused.body
            assert refused.all("set-cookie") == []
        waits = await visitor.sign_in(name, "not the password")
        assert (waits.status, waits.header("retry-after")) == (429, "1")
        assert WAIT in waits.body
        # Not even the right password is looked at.
        assert (await visitor.sign_in(name, PASSWORD)).status == 429

    played(backroom, scenario)
    told = repr(backroom.access.audit.of(99))
    assert told.count("login failed") == FREE_NAME + 1
    assert told.count("login locked") == 1
    assert PASSWORD not in told
    assert ("user ann" in told) is (name == "ann")


def test_s14_guessing_a_thousand_times_a_day_is_not_possible() -> None:
    backroom = room()
    tries = cases(2_000, 20_000)

    async def scenario(app: WebApp) -> None:
        looked_at = 0
        eve = Visitor(app)
        page = await eve.get("/console/login")
        fields = hidden_fields(page.body) | {"name": "ann", "password": "guess"}
        for number in range(tries):
            # Every guess from another address: only the name can be held back.
            eve.peer = f"198.51.{number // 250}.{number % 250}"
            looked_at += (await eve.send_form("/console/login", fields)).status == 403
            backroom.clock.sleep(86_400 / tries)
        assert looked_at <= 96 + 16

    played(backroom, scenario)


def test_s14_many_names_from_one_address_are_held_back_and_others_are_not() -> None:
    backroom = room(PUBLIC, "ann")

    async def scenario(app: WebApp) -> None:
        eve = Visitor(app)
        statuses = [
            (await eve.sign_in(f"guess-{number}", "x")).status for number in range(FREE_ADDRESS + 4)
        ]
        assert statuses == [403] * (FREE_ADDRESS + 1) + [429] * 3
        assert (await Visitor(app, peer="198.51.100.7").sign_in("ann")).status == 303

    played(backroom, scenario)


def test_s14_a_good_password_does_not_pay_for_guesses_at_other_names() -> None:
    backroom = room(PUBLIC, "eve")

    async def scenario(app: WebApp) -> None:
        eve = Visitor(app)
        statuses = []
        for number in range(FREE_ADDRESS + 2):
            statuses.append((await eve.sign_in(f"guess-{number}", "x")).status)
            if number % 2 and statuses[-1] == 403:
                await eve.sign_in("eve")
        assert statuses[-1] == 429

    played(backroom, scenario)


def test_s14_addresses_of_one_network_count_as_one() -> None:
    backroom = room()

    async def scenario(app: WebApp) -> None:
        statuses = [
            (await Visitor(app, peer=f"2001:db8::{n:x}").sign_in(f"n{n}", "x")).status
            for n in range(1, FREE_ADDRESS + 4)
        ]
        assert statuses.count(429) == 2

    played(backroom, scenario)


def test_s14_many_at_once_get_no_more_guesses_than_one_after_the_other() -> None:
    backroom = room()

    async def scenario(app: WebApp) -> None:
        eve = Visitor(app)
        page = await eve.get("/console/login")
        fields = hidden_fields(page.body) | {"name": "ann", "password": "guess"}
        replies = await asyncio.gather(
            *(eve.send_form("/console/login", fields) for _ in range(16))
        )
        assert [reply.status for reply in replies].count(403) == FREE_NAME + 1

    played(backroom, scenario)


def test_s14_mistyping_is_forgiven_by_the_right_password() -> None:
    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        for _ in range(3):
            for _ in range(FREE_NAME):
                assert (await ann.sign_in("ann", "oops")).status == 403
            assert (await ann.sign_in("ann")).status == 303

    played(room(), scenario)


def test_s14_what_is_kept_grows_with_the_parameters_and_the_session_stays() -> None:
    backroom = room()
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


@pytest.mark.parametrize(
    "spoil",
    [
        {"token": ""}, {"token": "A" * 43}, {"token": None}, {"password": None}, {"name": None},
    ],
    ids=str,
)  # fmt: skip
def test_s14_a_form_that_is_not_ours_signs_nobody_in(spoil: dict[str, Any]) -> None:
    async def scenario(app: WebApp) -> None:
        ann = Visitor(app)
        fields = hidden_fields((await ann.get("/console/login")).body)
        fields |= {"name": "ann", "password": PASSWORD} | spoil
        fields = {name: value for name, value in fields.items() if value is not None}
        assert (await ann.send_form("/console/login", fields)).status == 403
        assert SECURE not in ann.cookies

    played(room(), scenario)


def test_s14_a_form_of_another_browser_or_site_signs_nobody_in() -> None:
    async def scenario(app: WebApp) -> None:
        eve, ann = Visitor(app), Visitor(app)
        fields = hidden_fields((await eve.get("/console/login")).body)
        fields |= {"name": "ann", "password": PASSWORD}
        await ann.get("/console/login")
        # Signing somebody in as somebody else is an attack too.
        assert (await ann.send_form("/console/login", fields)).status == 403
        for foreign in (("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")):
            assert (await eve.send_form("/console/login", fields, foreign)).status == 403
        assert (await eve.send_form("/console/login", fields)).status == 303

    played(room(), scenario)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "", 415),
        (b"x=%ff&\xff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(99)), "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 9_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_s14_a_form_that_is_no_form(body: bytes, kind: str, status: int) -> None:
    async def scenario(app: WebApp) -> None:
        sent = await Visitor(app).ask("POST", "/console/login", body, ("content-type", kind))
        assert sent.status == status

    played(room(), scenario)


def test_s14_what_was_typed_comes_back_nowhere_as_html() -> None:
    async def scenario(app: WebApp) -> None:
        hostile = '"><script>alert(1)</script>'
        page = await Visitor(app).sign_in(hostile, hostile, there=f"/console/stores/{hostile}")
        assert page.status == 403
        assert b"alert(1)" not in page.body

    played(room(), scenario)


def test_s14_a_role_and_stores_that_change_count_at_once() -> None:
    backroom = room()

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
    backroom = room()

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


def test_s14_addresses_are_the_peers_own_unless_a_trusted_proxy_tells_them() -> None:
    backroom = room(replace(PUBLIC, trusted_proxies="10.0.0.0/8"))

    async def scenario(app: WebApp) -> None:
        proxied = Visitor(
            app,
            peer="10.1.2.3",
            scheme="http",
            always=(
                ("x-forwarded-for", f"6.6.6.6, {OUTSIDE}, 10.9.9.9"),
                ("x-forwarded-proto", "https"),
            ),
        )
        assert (await proxied.sign_in("ann")).status == 303
        direct = Visitor(app, always=(("x-forwarded-for", "6.6.6.6"),))
        assert (await direct.sign_in("ann", "wrong")).status == 403

    played(backroom, scenario)
    assert [line.about for line in backroom.access.audit.of(2)] == [f"from {OUTSIDE}"] * 2


def test_s14_a_name_that_nobody_has_takes_the_same_time() -> None:
    """Medians of many, interleaved, with a bound that only a whole missing hash would break."""
    backroom = room(PUBLIC, "bob")
    access = replace(backroom.access, cost=Cost(10, 8, 1))
    add_user(access, "ann")
    sign_in = SignIn(access, backroom.clock, idle_hours=12, days_max=7)
    taken: dict[str, list[float]] = {"ann": [], "nobody": []}
    for number in range(60):
        for name, seconds in taken.items():
            began = time.perf_counter()
            sign_in.attempt(name, "wrong", f"203.0.{number}.1")
            seconds.append(time.perf_counter() - began)
            backroom.clock.sleep(86_401)
    known, unknown = (statistics.median(seconds) for seconds in taken.values())
    assert 0.6 < known / unknown < 1.6
