"""Who may knock at which door: decided here, once, before any handler runs.

A page of another site can make a browser send requests to loopback, and by rebinding its name in
DNS it can read the answers too. Checking the Host header ends the second, checking Origin and the
session's own token the first.
"""

import asyncio
import logging
import re
from hmac import compare_digest
from urllib.parse import quote

from shopwright.app.settings import Settings
from shopwright.app.web.buckets import Buckets
from shopwright.app.web.callers import THIS_MACHINE, Caller, of_key, of_user
from shopwright.app.web.remembered import Remembered
from shopwright.app.web.request import HttpError, Request
from shopwright.app.web.routes import Door, Route
from shopwright.app.web.sign_in import SignIn
from shopwright.app.web.whence import Surroundings, Whence
from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.ports import ApiKeys
from shopwright.core.types.access import ApiKey, Session
from shopwright.core.types.identity import store_id_of
from shopwright.privacy.api_tokens import read, secret_hash

log = logging.getLogger("shopwright.web")

SIGN_IN_PATH = "/console/login"
SEEN_EVERY_US = 60 * US_PER_SECOND
"""The disk is told of a session's use at most this often."""
READING = ("GET", "HEAD")
_COOKIE = re.compile(rb"\s*([!#$%&'*+.^_`|~\w-]+)=([\w-]{43})\s*", re.ASCII)
_BEARER = re.compile(rb"bearer +(\S+)", re.IGNORECASE)
_CHALLENGE = ((b"www-authenticate", b'Bearer realm="shopwright"'),)
_NO_SUCH_KEY = b"\0" * 32


class Guard:
    """Opens doors."""

    def __init__(
        self,
        settings: Settings,
        surroundings: Surroundings,
        sign_in: SignIn,
        api_keys: ApiKeys,
        clock: Clock,
    ) -> None:
        self._surroundings = surroundings
        self._sign_in = sign_in
        self._is_local_open = settings.require_login == "outside"
        self._takes_webhooks_by_any_name = bool(settings.public_url)
        self._key_of: Remembered[ApiKey | None] = Remembered(api_keys.get, clock)
        self._buckets = Buckets(settings.key_requests_per_second, settings.key_requests_at_once)
        self._clock = clock
        self._telling: set[asyncio.Future[None]] = set()

    def admit(self, route: Route, request: Request) -> None:
        """Let a request through to its handler, who may ask it for its caller.

        Raises HttpError: 303 to the sign-in page, 401 without a session or key that counts, 403
        for what this caller may not do, 421 for a foreign Host, 429 for a key that asks too fast.
        """
        if route.door is Door.SHOPIFY:
            if not self._takes_webhooks_by_any_name:
                self._surroundings.check_host(request)
            return
        if route.door is Door.ANYBODY:
            return
        host = self._surroundings.check_host(request)
        whence = self._surroundings.of(request)
        if not whence.is_private:
            raise _not_private()
        if route.door is Door.SIGN_IN:
            if request.method not in READING and not self._is_ours(request, host, whence):
                raise _foreign()
            return
        caller = self._caller(request, whence)
        if caller is None:
            raise _unknown_caller(route, request)
        if caller.kind == "key":
            self._slow_down(caller)
        self._check_may(route, request, caller)
        if caller.kind != "key" and request.method not in READING:
            if not self._is_ours(request, host, whence):
                raise _foreign()
            if caller.session is not None and not route.is_form:
                check_repeated(caller.session, request.header(b"x-csrf-token"))
        request.caller = caller
        request.is_welcome = lambda: self._is_still(caller, request, whence)

    def whence(self, request: Request) -> Whence:
        """Return where a request comes from."""
        return self._surroundings.of(request)

    def known(self, request: Request) -> Caller | None:
        """Return the caller of a request at an open door; None for a stranger."""
        try:
            self._surroundings.check_host(request)
            whence = self._surroundings.of(request)
            return self._caller(request, whence) if whence.is_private else None
        except HttpError:
            return None

    def session_token(self, request: Request, whence: Whence) -> str | None:
        """Return what the browser holds, unless it holds several: one of them is not ours."""
        return cookie(request, session_cookie(whence.is_https))

    def _caller(self, request: Request, whence: Whence) -> Caller | None:
        shown = [value for name, value in request.headers if name == b"authorization"]
        if shown:
            # Whoever shows a key is measured by it, on this machine too.
            return self._by_key(shown)
        if whence.is_local and self._is_local_open:
            return THIS_MACHINE
        token = self.session_token(request, whence)
        found = self._sign_in.find(token) if token else None
        if found is None:
            return None
        self._tell_seen(found[1])
        return of_user(*found)

    def _by_key(self, shown: list[bytes]) -> Caller:
        found = _BEARER.fullmatch(shown[0]) if len(shown) == 1 else None
        token = read(found[1].decode("latin-1")) if found else None
        if token is None:
            raise HttpError(
                401,
                "this is not an API key: send `Authorization: Bearer swk_…` once, with all of the "
                "key; a part of it may be missing or mistyped",
                _CHALLENGE,
            )
        key = self._key_of(token.key_id)
        is_right = compare_digest(
            secret_hash(token.secret), key.secret_hash if key else _NO_SUCH_KEY
        )
        if key is None or not is_right or not key.is_good(self._clock.now_us()):
            raise HttpError(
                401,
                "this API key does not count: it is unknown here, was revoked or has expired; "
                "`shopwright keys list` shows which do",
                _CHALLENGE,
            )
        return of_key(key)

    def _slow_down(self, caller: Caller) -> None:
        seconds = self._buckets.take(caller.who, self._clock.now_us())
        if seconds:
            raise HttpError(
                429,
                "this API key asks too fast; the settings key_requests_per_second and "
                "key_requests_at_once say how fast it may",
                ((b"retry-after", str(max(1, round(seconds + 0.5))).encode()),),
            )

    def _check_may(self, route: Route, request: Request, caller: Caller) -> None:
        if route.needs is not None and route.needs not in caller.scopes:
            what = "this API key has not" if caller.kind == "key" else "this account has not"
            raise HttpError(403, f"this needs the scope {route.needs}, which {what}")
        shop = request.parameters.get("shop")
        if shop is None or caller.stores is None:
            return
        store_id = store_id_of(shop)
        if store_id is None or not caller.may_see(store_id):
            # The same for a store that is here and for one that is not.
            raise HttpError(403, "this store is none of those that you may see")

    def _is_still(self, caller: Caller, request: Request, whence: Whence) -> bool:
        """Whether a caller who was let in would be let in again to see the same."""
        try:
            now = self._caller(request, whence)
        except HttpError:
            return False
        return now is not None and now.scopes == caller.scopes and now.stores == caller.stores

    def _is_ours(self, request: Request, host: bytes, whence: Whence) -> bool:
        return self._surroundings.is_same_origin(request, host, whence)

    def _tell_seen(self, session: Session) -> None:
        now_us = self._clock.now_us()
        if now_us - session.seen_us < SEEN_EVERY_US or self._telling:
            return
        telling = asyncio.get_running_loop().run_in_executor(
            None, self._sign_in.seen, session, now_us
        )
        self._telling.add(telling)
        telling.add_done_callback(self._told)

    def _told(self, telling: "asyncio.Future[None]") -> None:
        self._telling.discard(telling)
        if not telling.cancelled() and (error := telling.exception()) is not None:
            log.warning("a session's use could not be noted: %s", error)


def session_cookie(is_https: bool) -> bytes:
    """Return the session cookie's name: with https no other host or plain page can set it."""
    return b"__Host-shopwright-session" if is_https else b"shopwright-session"


def form_cookie(is_https: bool) -> bytes:
    """Return the name of the cookie that the sign-in form belongs to."""
    return b"__Host-shopwright-form" if is_https else b"shopwright-form"


def cookie(request: Request, wanted: bytes) -> str | None:
    """Return the value of a cookie of ours; None where there is none, or more than one."""
    found = [
        pair[2].decode()
        for name, value in request.headers
        if name == b"cookie"
        for part in value.split(b";")
        if (pair := _COOKIE.fullmatch(part)) and pair[1] == wanted
    ]
    return found[0] if len(found) == 1 else None


def check_repeated(session: Session, said: bytes | str | None) -> None:
    """Raise HttpError 403 unless a page repeats the token that its session was given."""
    given = said.encode(errors="replace") if isinstance(said, str) else said or b""
    if not compare_digest(given, session.csrf.encode()):
        raise HttpError(
            403, "the page that asked for this is out of date or not ours; load it again"
        )


def _unknown_caller(route: Route, request: Request) -> HttpError:
    if route.door is Door.PAGE:
        path = quote(request.scope["raw_path"].decode("latin-1"), safe="")
        there = f"{SIGN_IN_PATH}?next={path}".encode()
        return HttpError(303, "sign in first", ((b"location", there),))
    return HttpError(
        401,
        "sign in at /console/login, or show an API key as `Authorization: Bearer swk_…`",
        _CHALLENGE,
    )


def _not_private() -> HttpError:
    return HttpError(
        403,
        "this did not come over https as far as can be known, and what is asked for is private: "
        "use https; a proxy that speaks it must be named in trusted_proxies and send "
        "X-Forwarded-Proto",
    )


def _foreign() -> HttpError:
    return HttpError(403, "another site's page asked for this, and only our own pages may")
