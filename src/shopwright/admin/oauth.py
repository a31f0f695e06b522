"""The way in through the browser: where the merchant is sent, and whether Shopify sent them back.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
"""

import hmac
import re
from collections.abc import Callable, Sequence
from urllib.parse import quote_plus, unquote_plus, urlencode

from msgspec import Struct

from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.identity import StoreId, store_id_of

FRESH_SECONDS = 90
"""A callback's timestamp may lie so far from our clock, as Shopify's own library has it."""
QUERY_CHARACTERS_MAX = 4_096
_DIGITS = re.compile(r"[0-9]{1,12}", re.ASCII)
_ONCE = ("code", "hmac", "shop", "state", "timestamp")


class Callback(Struct, frozen=True, kw_only=True):
    """What a genuine callback says."""

    store_id: StoreId
    code: str
    """To be changed for a token, once."""


class NotGenuine(Struct, frozen=True, kw_only=True):
    """Why a callback is not believed; to be answered 400 and forgotten."""

    reason: str


def authorize_url(
    store_id: StoreId,
    client_id: str,
    scopes: Sequence[str],
    redirect_uri: str,
    state: str,
    *,
    base: str = "",
) -> str:
    """Return the page on which the merchant grants the scopes.

    ``base`` is the address of simulated shops; empty: the shop's own.
    """
    query = {
        "client_id": client_id,
        "scope": ",".join(scopes),
        "redirect_uri": redirect_uri,
        "state": state,
    }
    shop = f"{base}/{store_id}" if base else f"https://{store_id}"
    return f"{shop}/admin/oauth/authorize?{urlencode(query)}"


def read_callback(
    raw_query: str,
    secrets: Sequence[bytes],
    *,
    state: str,
    expected: StoreId,
    now_us: int,
) -> Callback | NotGenuine:
    """Return what the callback grants, or why it is not believed.

    ``raw_query`` is the query as it was received, not decoded. ``state`` and ``expected`` come from
    the cookie of the browser that began: a callback for another shop, or in another browser, is a
    stranger's.
    """
    fields = _fields(raw_query) if len(raw_query) <= QUERY_CHARACTERS_MAX else None
    if fields is None:
        return NotGenuine(reason=f"it needs {', '.join(_ONCE)}, each once")
    if not fits(raw_query, fields["hmac"], secrets):
        return NotGenuine(reason="the signature fits no client secret that is known for this store")
    if not _is_fresh(fields["timestamp"], now_us):
        return NotGenuine(reason=f"it is not of the last {FRESH_SECONDS} seconds; check the clock")
    if store_id_of(fields["shop"]) != expected:
        return NotGenuine(reason="it is for another store than the one that was begun")
    if not state or not hmac.compare_digest(fields["state"].encode(), state.encode()):
        return NotGenuine(reason="it does not belong to what was begun in this browser")
    return Callback(store_id=expected, code=fields["code"])


def fits(raw_query: str, signature: str, secrets: Sequence[bytes]) -> bool:
    """Tell whether one of the secrets signed the query.

    Shopify's libraries disagree on whether a value is signed as it is written in the address,
    decoded, or encoded anew as JavaScript does. Each is tried; all of them say the same of every
    query without escapes.
    """
    given = signature.encode("utf-8", "replace")
    fitting = False
    for message in {_message(raw_query, form) for form in _FORMS}:
        for secret in secrets:
            right = hmac.digest(secret, message, "sha256").hex().encode("ascii")
            fitting |= hmac.compare_digest(given, right)
    return fitting


def sign(query: str, secret: bytes) -> str:
    """Return the signature of a query without ``hmac``: hex of HMAC-SHA-256."""
    return hmac.digest(secret, _message(query, _as_written), "sha256").hex()


def _as_written(text: str) -> str:
    return text


def _as_form(text: str) -> str:
    """Encode as JavaScript's ``URLSearchParams`` does."""
    return quote_plus(unquote_plus(text), safe="*-._").replace("~", "%7E")


def _as_form_with_spaces(text: str) -> str:
    """Encode so, but spaces as ``%20``: newer versions of the library do."""
    return _as_form(text).replace("+", "%20")


_FORMS = (_as_written, unquote_plus, _as_form, _as_form_with_spaces)


def _message(raw_query: str, form: Callable[[str], str]) -> bytes:
    pairs = [pair.partition("=") for pair in raw_query.split("&") if pair]
    kept = [(form(name), form(value)) for name, _, value in pairs if unquote_plus(name) != "hmac"]
    text = "&".join(f"{name}={value}" for name, value in sorted(kept))
    return text.encode("utf-8", "surrogatepass")


def _fields(raw_query: str) -> dict[str, str] | None:
    """Return the fields by name; None when one of those that count is missing or told twice."""
    fields: dict[str, str] = {}
    for pair in raw_query.split("&"):
        name, _, value = pair.partition("=")
        name = unquote_plus(name)
        if name in _ONCE and name in fields:
            return None
        fields[name] = unquote_plus(value)
    return fields if all(fields.get(name) for name in _ONCE) else None


def _is_fresh(timestamp: str, now_us: int) -> bool:
    if not _DIGITS.fullmatch(timestamp):
        return False
    return abs(int(timestamp) - now_us // US_PER_SECOND) <= FRESH_SECONDS
