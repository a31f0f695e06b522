"""Reads the token with which a page inside Shopify's admin says who is looking at it.

A JSON Web Token, HS256, signed with the app's client secret and one minute old at most.
https://shopify.dev/docs/apps/build/authentication-authorization/session-tokens
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.identity import StoreId, store_id_of

LEEWAY_SECONDS = 10
TOKEN_CHARACTERS_MAX = 8_192


class SessionToken(Struct, frozen=True, kw_only=True):
    """What a genuine token says."""

    store_id: StoreId
    user_id: str
    session_id: str
    token_id: str
    expires_us: int


class _Header(Struct):
    alg: str


class _Destination(Struct):
    dest: str


class _Claims(Struct):
    iss: str
    dest: str
    aud: str
    sub: str
    exp: int
    nbf: int
    jti: str
    sid: str = ""


def read_session_token(
    token: str, client_id: str, secrets: Sequence[bytes], now_us: int
) -> SessionToken | None:
    """Return what the token says; None when it is not genuine, not for this app, or not of now."""
    claims = _claims(token, secrets)
    if claims is None or not hmac.compare_digest(claims.aud.encode(), client_id.encode()):
        return None
    now = now_us / US_PER_SECOND
    if not claims.nbf - LEEWAY_SECONDS <= now < claims.exp + LEEWAY_SECONDS:
        return None
    store_id = _host(claims.dest)
    if store_id is None or _host(claims.iss) != store_id:
        return None
    return SessionToken(
        store_id=store_id,
        user_id=claims.sub,
        session_id=claims.sid,
        token_id=claims.jti,
        expires_us=claims.exp * US_PER_SECOND,
    )


def store_named(token: str) -> StoreId | None:
    """Return the store that a token speaks of, **unproven**: to find whose secret must fit it."""
    parts = token.split(".") if len(token) <= TOKEN_CHARACTERS_MAX and token.isascii() else []
    if len(parts) != 3:
        return None
    try:
        return _host(msgspec.json.decode(_decoded(parts[1]), type=_Destination).dest)
    except (msgspec.MsgspecError, binascii.Error, UnicodeDecodeError):
        return None


def _claims(token: str, secrets: Sequence[bytes]) -> _Claims | None:
    parts = token.split(".") if len(token) <= TOKEN_CHARACTERS_MAX and token.isascii() else []
    if len(parts) != 3:
        return None
    signed = f"{parts[0]}.{parts[1]}".encode("ascii")
    try:
        header = msgspec.json.decode(_decoded(parts[0]), type=_Header)
        signature = _decoded(parts[2])
        # Before the claims are read: what nobody signed is not worth a look.
        if header.alg != "HS256" or not _fits(signed, signature, secrets):
            return None
        return msgspec.json.decode(_decoded(parts[1]), type=_Claims)
    except (msgspec.MsgspecError, binascii.Error, UnicodeDecodeError):
        return None


def _fits(signed: bytes, signature: bytes, secrets: Sequence[bytes]) -> bool:
    fitting = False
    for secret in secrets:
        fitting |= hmac.compare_digest(hmac.digest(secret, signed, "sha256"), signature)
    return fitting


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _host(address: str) -> StoreId | None:
    """Return the store of ``https://my-store.myshopify.com/admin``; None for another address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return store_id_of(parts.netloc) if parts.scheme == "https" else None
