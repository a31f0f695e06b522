"""/oauth/start and /oauth/callback: where a merchant is sent to approve the app, and comes back.

The state is made of a token that lies in a cookie of this one browser, and of the shop: no other
browser has it, and it fits no other shop. The callback is believed only with that state and with
Shopify's signature over the query as it was received.
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
"""

import asyncio
import hmac
import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import cache
from html import escape
from importlib.resources import files
from threading import Lock

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shopwright.admin.oauth import NotGenuine, authorize_url, read_callback
from shopwright.admin.scopes import REQUESTED, missing
from shopwright.admin.session_token import read_session_token, store_named
from shopwright.app.settings import Settings
from shopwright.app.shopify import Shopify, open_shopify
from shopwright.app.web.guard import Guard, cookie
from shopwright.app.web.request import Request
from shopwright.app.web.response import HTML, JSON, NO_STORE, Header, Response
from shopwright.app.web.sign_in import TOKEN_BYTES
from shopwright.core.errors import ShopwrightError
from shopwright.core.types.connection import Credential
from shopwright.core.types.identity import StoreId, store_id_of

log = logging.getLogger("shopwright.web")

START_PATH, CALLBACK_PATH, SESSION_PATH = "/oauth/start", "/oauth/callback", "/oauth/session"
RETRY = (b"x-shopify-retry-invalid-session-request", b"1")
"""Tells App Bridge to ask for a newer session token and to send the request again."""
COOKIE_SECONDS = 600
_PAGE = HTML + b"; charset=utf-8"


class SessionAnswer(Struct, frozen=True):
    """What an embedded page is told of its store."""

    store_id: StoreId
    scopes: tuple[str, ...]


class OAuth:
    """The handlers of these pages; nothing of Shopify is opened before somebody comes."""

    def __init__(self, settings: Settings, guard: Guard, entropy: Callable[[int], bytes]) -> None:
        self._settings = settings
        self._guard = guard
        self._entropy = entropy
        self._turn = Lock()
        self._opened: Shopify | None = None

    async def start(self, request: Request) -> Response:
        """Send the browser to the shop's consent page. Any text but a shop's domain is refused."""
        store_id = store_id_of(request.query("shop") or "")
        if store_id is None:
            return _page(400, "Not a shop", "The address names no my-store.myshopify.com.")
        credential = await asyncio.to_thread(self._credential, store_id)
        if credential is None:
            return _page(
                404,
                "Nobody prepared this",
                "The operator of this installation begins with "
                f"<code>shopwright connect {escape(store_id)} --client-id … --oauth</code>.",
            )
        token = urlsafe_b64encode(self._entropy(TOKEN_BYTES)).rstrip(b"=")
        url = authorize_url(
            store_id,
            credential.client_id,
            REQUESTED,
            self._redirect_uri(request),
            _state(token, store_id),
            base=self._settings.admin_url,
        )
        kept = self._cookie(request, token, COOKIE_SECONDS)
        return Response(302, b"", HTML, ((b"location", url.encode()), kept, NO_STORE))

    async def callback(self, request: Request) -> Response:
        """Take the merchant back: believe it, change the code for a token, keep it."""
        held = cookie(request, self._cookie_name(request))
        store_id = store_id_of(request.query("shop") or "")
        gone = self._cookie(request, b"", 0)
        if store_id is None or held is None:
            return _page(
                400,
                "Begin again",
                "This browser did not begin the installation, or more than ten minutes ago.",
                gone,
            )
        try:
            state = _state(held.encode(), store_id)
            said = await asyncio.to_thread(
                self._finish, store_id, state, request.scope["query_string"].decode("latin-1")
            )
        except ShopwrightError as error:
            log.warning("%s", error)
            return _page(502, "Shopify granted no token", escape(str(error)), gone)
        if isinstance(said, NotGenuine):
            log.warning("%s: an OAuth callback was refused: %s", store_id, said.reason)
            return _page(400, "Not believed", f"{escape(_sentence(said.reason))}.", gone)
        return _page(200, "Connected", said, gone)

    async def session(self, request: Request) -> Response:
        """Change an embedded page's session token for an offline token, when there is none yet."""
        scheme, _, token = (
            (request.header(b"authorization") or b"").decode("latin-1").partition(" ")
        )
        store_id = store_named(token) if scheme.lower() == "bearer" else None
        if store_id is None:
            return _refused(401, "a session token of Shopify's is expected as Bearer", RETRY)
        try:
            return await asyncio.to_thread(self._exchange, store_id, token)
        except ShopwrightError as error:
            log.warning("%s", error)
            return _refused(502, str(error))

    def _exchange(self, store_id: StoreId, token: str) -> Response:
        credential = self._credential(store_id)
        # A store that nobody prepared is refused as a wrong signature is: neither says which.
        shopify = self._shopify()
        genuine = credential is not None and read_session_token(
            token, credential.client_id, [credential.client_secret.encode()], shopify.clock.now_us()
        )
        if credential is None or not genuine:
            return _refused(401, "the session token is not genuine, or not of now", RETRY)
        known = shopify.connections.get(store_id)
        must = known is not None and known.state == "authorise_again"
        if must or not credential.access_token:
            credential = _begin(shopify, credential, session_token=token)
        told = SessionAnswer(store_id=store_id, scopes=credential.scopes)
        return Response(200, msgspec.json.encode(told), JSON, (NO_STORE,))

    def _finish(self, store_id: StoreId, state: str, raw_query: str) -> NotGenuine | str:
        credential = self._credential(store_id)
        if credential is None:
            return NotGenuine(reason="it is for a store that nobody prepared here")
        shopify = self._shopify()
        told = read_callback(
            raw_query,
            [credential.client_secret.encode()],
            state=state,
            expected=store_id,
            now_us=shopify.clock.now_us(),
        )
        if isinstance(told, NotGenuine):
            return told
        begun = _begin(shopify, credential, code=told.code)
        lacking = "".join(
            f"<li><code>{escape(one.scope)}</code>: {escape(one.without)}</li>"
            for one in missing(begun.scopes)
        )
        less = f"<p>Some things were not granted:</p><ul>{lacking}</ul>" if lacking else ""
        return f"{escape(store_id)} is connected. You may close this page.{less}"

    def _credential(self, store_id: StoreId) -> Credential | None:
        found = self._shopify().vault.get(store_id)
        return found if found is not None and found.mode == "oauth" else None

    def _shopify(self) -> Shopify:
        with self._turn:
            if self._opened is None:
                self._opened = open_shopify(self._settings)
            return self._opened

    def _redirect_uri(self, request: Request) -> str:
        base = self._settings.public_url.rstrip("/")
        if not base:
            scheme = "https" if self._guard.whence(request).is_https else "http"
            base = f"{scheme}://127.0.0.1:{self._settings.port}"
        return f"{base}{CALLBACK_PATH}"

    def _cookie_name(self, request: Request) -> bytes:
        return b"__Host-shopwright-oauth" if self._is_https(request) else b"shopwright-oauth"

    def _cookie(self, request: Request, value: bytes, seconds: int) -> Header:
        secure = b"; Secure" if self._is_https(request) else b""
        # Lax: the way back from Shopify is a navigation from another site.
        attributes = b"; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s" % (seconds, secure)
        return (b"set-cookie", self._cookie_name(request) + b"=" + value + attributes)

    def _is_https(self, request: Request) -> bool:
        return self._guard.whence(request).is_https


def _state(token: bytes, store_id: StoreId) -> str:
    return hmac.digest(token, f"oauth {store_id}".encode(), "sha256").hex()


def _begin(shopify: Shopify, credential: Credential, **proof: str) -> Credential:
    """Get the first token, or the first of a store that had to be approved again."""
    begun = shopify.tokens.begin(credential, **proof)
    shopify.connections.change(
        credential.store_id, lambda known: replace(known, state="connected", trouble="")
    )
    return begun


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:]


def _refused(status: int, says: str, *headers: Header) -> Response:
    return Response(status, msgspec.json.encode({"error": says}), JSON, (NO_STORE, *headers))


def _page(status: int, title: str, says: str, *headers: Header) -> Response:
    body = _template().replace("{{title}}", title).replace("{{says}}", says)
    return Response(status, body.encode(), _PAGE, (NO_STORE, *headers))


@cache
def _template() -> str:
    folder = files("shopwright.app.web") / "console_assets"
    return (folder / "door.template").read_text("utf-8")
