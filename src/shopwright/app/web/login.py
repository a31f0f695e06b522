"""/console/login and /console/logout: plain forms, so that they work without JavaScript."""

import asyncio
import re
from hmac import compare_digest
from html import escape
from importlib.resources import files
from urllib.parse import parse_qs, quote, unquote

from prometheus_client import Counter

from shopwright.app.metrics import Metrics
from shopwright.app.web.console_types import Account
from shopwright.app.web.guard import (
    SIGN_IN_PATH,
    Guard,
    check_repeated,
    cookie,
    form_cookie,
    session_cookie,
)
from shopwright.app.web.request import HttpError, Request
from shopwright.app.web.response import HTML, NO_STORE, Header, Response, answer
from shopwright.app.web.sign_in import Opened, Refused, SignIn
from shopwright.core.clock import US_PER_SECOND

FORM_BYTES_MAX = 8 << 10
FIELDS_MAX = 8
AT_ONCE = 2
"""Passwords looked at together: each takes 32 MiB and a core."""
WAITING_MAX = 16
HOME = "/console/"
_OURS = re.compile(
    r"/console/(?:stores/[\w.%~-]{1,200}(?:/customers/[\w.%~:-]{1,400})?)?", re.ASCII
)
_PAGE = HTML + b"; charset=utf-8"
_GONE = b"; Path=/; Max-Age=0"


class Login:
    """The handlers of signing in and out."""

    def __init__(
        self, sign_in: SignIn, guard: Guard, metrics: Metrics, *, session_days_max: int
    ) -> None:
        self._sign_in = sign_in
        self._guard = guard
        self._session_seconds = session_days_max * 86_400
        folder = files("shopwright.app.web") / "console_assets"
        self._login_page = (folder / "login.template").read_text("utf-8")
        self._logout_page = (folder / "logout.template").read_text("utf-8")
        self._looking = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._counted: dict[str, Counter] = {
            result: metrics.counter("shopwright_logins_total", result)
            for result in ("opened", "refused", "made_to_wait")
        }

    async def page(self, request: Request) -> Response:
        """Answer the page that asks who it is."""
        return self._form(request, 200, "", _there(request.query("next")))

    async def sign_in(self, request: Request) -> Response:
        """Take a name and a password; lead to the console, or say that they do not fit."""
        whence = self._guard.whence(request)
        fields = await _fields(request)
        there = _there(fields.get("next"))
        held = cookie(request, form_cookie(whence.is_https))
        token = fields.get("token", "").encode(errors="replace")
        if not held or not compare_digest(token, self._sign_in.form_token(held).encode()):
            return self._form(request, 403, "This page had grown old. Please try again.", there)
        name, password = fields.get("name", "").strip(), fields.get("password", "")
        verdict = await self._attempt(name, password, whence.address)
        if isinstance(verdict, Refused):
            return self._refuse(request, verdict, there)
        self._counted["opened"].inc()
        before = self._guard.session_token(request, whence)
        if before is not None:
            await asyncio.to_thread(self._sign_in.forget, before)
        secure = b"; Secure" if whence.is_https else b""
        session = b"%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict" % (
            session_cookie(whence.is_https),
            verdict.token.encode(),
            self._session_seconds,
        )
        headers = (
            (b"set-cookie", session + secure),
            (b"set-cookie", form_cookie(whence.is_https) + b"=" + _GONE + secure),
        )
        return _lead(there, headers)

    async def _attempt(self, name: str, password: str, address: str) -> Opened | Refused:
        if self._waiting >= WAITING_MAX:
            raise HttpError(503, "too many people are signing in", ((b"retry-after", b"2"),))
        self._waiting += 1
        try:
            async with self._looking:
                return await asyncio.to_thread(self._sign_in.attempt, name, password, address)
        finally:
            self._waiting -= 1

    def _refuse(self, request: Request, refused: Refused, there: str) -> Response:
        if not refused.wait_us:
            self._counted["refused"].inc()
            return self._form(request, 403, "Name and password do not fit together.", there)
        self._counted["made_to_wait"].inc()
        seconds = -(-refused.wait_us // US_PER_SECOND)
        line = f"Too many attempts. Please try again in {seconds} s."
        later = (b"retry-after", str(seconds).encode())
        return self._form(request, 429, line, there, later)

    def _form(
        self, request: Request, status: int, line: str, there: str, *headers: Header
    ) -> Response:
        is_https = self._guard.whence(request).is_https
        held = cookie(request, form_cookie(is_https))
        given: tuple[Header, ...] = headers
        if held is None:
            held = self._sign_in.new_cookie()
            flags = b"; Path=/; HttpOnly; SameSite=Strict" + (b"; Secure" if is_https else b"")
            value = form_cookie(is_https) + b"=" + held.encode() + flags
            given = (*headers, (b"set-cookie", value))
        html = _filled(
            self._login_page,
            token=self._sign_in.form_token(held),
            next=there,
            line=line,
            hidden="" if line else "hidden",
        )
        return Response(status, html, _PAGE, (NO_STORE, *given))

    async def logout_page(self, request: Request) -> Response:
        """Answer the page whose button signs out."""
        caller = request.caller
        if caller.session is None:
            return _lead(HOME)
        html = _filled(self._logout_page, token=caller.session.csrf, name=caller.session.user)
        return Response(200, html, _PAGE, (NO_STORE,))

    async def sign_out(self, request: Request) -> Response:
        """End the session, whose token the form repeats."""
        session = request.caller.session
        if session is None:
            return _lead(HOME)
        check_repeated(session, (await _fields(request)).get("csrf"))
        await asyncio.to_thread(self._sign_in.end, session)
        is_https = self._guard.whence(request).is_https
        secure = b"; Secure" if is_https else b""
        gone = (b"set-cookie", session_cookie(is_https) + b"=" + _GONE + secure)
        return _lead(SIGN_IN_PATH, (gone,))

    async def account(self, request: Request) -> Response:
        """Answer who is signed in, and what a page must repeat to change something."""
        caller = request.caller
        session, user = caller.session, caller.user
        return answer(
            Account(
                name=user.name if user else None,
                role=user.role if user else None,
                csrf=session.csrf if session else None,
            )
        )


async def _fields(request: Request) -> dict[str, str]:
    kind = (request.header(b"content-type") or b"").partition(b";")[0].strip().lower()
    if kind != b"application/x-www-form-urlencoded":
        raise HttpError(415, "send the form as a browser does: application/x-www-form-urlencoded")
    body = await request.body(FORM_BYTES_MAX)
    try:
        found = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise HttpError(400, "the form cannot be read") from error
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _there(wanted: str | None) -> str:
    """Return where to go after signing in: a page of the console, whatever was asked for."""
    plain = unquote(wanted or "")
    return quote(plain, safe="/%") if _OURS.fullmatch(plain) and ".." not in plain else HOME


def _lead(there: str, headers: tuple[Header, ...] = ()) -> Response:
    return Response(303, b"", b"text/plain", (NO_STORE, (b"location", there.encode()), *headers))


def _filled(template: str, **values: str) -> bytes:
    """Put escaped values into a page of ours."""

    def value(found: re.Match[str]) -> str:
        return escape(values[found[1]], quote=True)

    return re.sub(r"{{(\w+)}}", value, template).encode()
