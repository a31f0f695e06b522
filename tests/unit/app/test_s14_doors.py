"""S14: from where one is let in: addresses, names, and proxies that pass things on."""

import pytest
from made_access import add_key
from made_web import SHOP, Backroom, played
from msgspec.structs import replace
from visitor import LOOPBACK, NAME, NEAR, OUTSIDE, PUBLIC, Visitor

from shopwright.app.settings import Settings
from shopwright.app.web.asgi import WebApp
from shopwright.core.types.access import Scope
from shopwright.core.types.identity import StoreId

OVERVIEW = "/console/api/overview"
STORE = StoreId(SHOP)


def asked(settings: Settings, visitor: dict[str, object], path: str = OVERVIEW) -> int:
    status = 0

    async def scenario(app: WebApp) -> None:
        nonlocal status
        status = (await Visitor(app, **visitor).get(path)).status  # type: ignore[arg-type]

    played(Backroom(settings), scenario)
    return status


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
        near = Visitor(app, **NEAR)
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
