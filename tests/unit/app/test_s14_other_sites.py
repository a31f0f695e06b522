"""S14: pages of other sites change nothing, and a viewer neither."""

import pytest
from made_access import add_user
from made_web import SHOP, Backroom, played
from visitor import LOOPBACK, NAME, NEAR, PUBLIC, Visitor

from shopwright.app.web.asgi import WebApp
from shopwright.app.web.routes import Door

OVERVIEW = "/console/api/overview"
ORDER = f"/console/api/stores/{SHOP}/customers/{'a' * 32}/orders"
FEATURES = f"/v1/stores/{SHOP}/features/1"

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
        near = Visitor(app, **NEAR)
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
