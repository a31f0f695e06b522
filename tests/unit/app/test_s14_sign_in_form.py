"""S14: only our own form, sent by the browser that asked for it, signs anybody in."""

from typing import Any

import pytest
from made_access import PASSWORD
from made_web import played, room
from visitor import PUBLIC, Visitor, hidden_fields

from shopwright.app.web.asgi import WebApp

SECURE = "__Host-shopwright-session"


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

    played(room(PUBLIC), scenario)


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

    played(room(PUBLIC), scenario)


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

    played(room(PUBLIC), scenario)


def test_s14_what_was_typed_comes_back_nowhere_as_html() -> None:
    async def scenario(app: WebApp) -> None:
        hostile = '"><script>alert(1)</script>'
        page = await Visitor(app).sign_in(hostile, hostile, there=f"/console/stores/{hostile}")
        assert page.status == 403
        assert b"alert(1)" not in page.body

    played(room(PUBLIC), scenario)
