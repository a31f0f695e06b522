"""Asks for access tokens: each way to get one as the form that is sent, and what comes back.

All go by POST to ``https://{shop}/admin/oauth/access_token``.
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import StoreId

EXPIRY_UNKNOWN_SECONDS = 900
"""An answer with a refresh token but without an expiry: it may end soon, never last for ever."""
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_SESSION = "urn:ietf:params:oauth:token-type:id_token"
_OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"


class TokenPair(Struct, frozen=True, kw_only=True):
    """An access token, and what renews it."""

    access_token: str
    scopes: tuple[str, ...]
    """As granted, in alphabetical order; the merchant may have taken some away."""
    expires_us: int | None = None
    """None: it does not expire."""
    refresh_token: str | None = None
    refresh_expires_us: int | None = None


class _Answer(Struct):
    access_token: str
    scope: str = ""
    expires_in: float | None = None
    refresh_token: str | None = None
    refresh_token_expires_in: float | None = None


def by_client_credentials(client_id: str, client_secret: str) -> dict[str, str]:
    """Ask for 24 hours, for an app and a store of one organisation; nothing renews it."""
    return {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    }


def by_code(client_id: str, client_secret: str, code: str) -> dict[str, str]:
    """Change the code of a callback for an hour and a refresh token of 90 days."""
    return {
        "client_id": client_id,
        "client_secret": client_secret,
        "code": code,
        "expiring": "1",
    }


def by_refresh(client_id: str, client_secret: str, refresh_token: str) -> dict[str, str]:
    """Change a refresh token for a new pair."""
    return {
        "grant_type": "refresh_token",
        "client_id": client_id,
        "client_secret": client_secret,
        "refresh_token": refresh_token,
    }


def by_session_token(client_id: str, client_secret: str, session_token: str) -> dict[str, str]:
    """Change the token of a page inside Shopify's admin for an hour and a refresh token."""
    return {
        "grant_type": _EXCHANGE,
        "client_id": client_id,
        "client_secret": client_secret,
        "subject_token": session_token,
        "subject_token_type": _SESSION,
        "requested_token_type": _OFFLINE,
        "expiring": "1",
    }


def read_tokens(store_id: StoreId, body: bytes, asked_us: int) -> TokenPair:
    """Return the pair in an answer of 200.

    ``asked_us`` is when the request left: a lifetime counts from then at the earliest. Raises
    BadInput for anything else than a pair.
    """
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except msgspec.MsgspecError as error:
        raise BadInput(
            f"{store_id}: what came in place of an access token is none ({error}); is this the "
            "store's own address?"
        ) from None
    if not answer.access_token or not answer.access_token.isascii():
        raise BadInput(f"{store_id}: Shopify granted an empty access token; connect it again")
    return TokenPair(
        access_token=answer.access_token,
        scopes=read_scopes(answer.scope),
        expires_us=_expiry(answer, asked_us),
        refresh_token=answer.refresh_token or None,
        refresh_expires_us=_after(asked_us, answer.refresh_token_expires_in),
    )


def read_scopes(text: str) -> tuple[str, ...]:
    """Return the scopes of a comma-separated list; what may be written may be read too."""
    named = {part.strip() for part in text.split(",")} - {""}
    read = {f"read_{one.removeprefix('write_')}" for one in named if one.startswith("write_")}
    return tuple(sorted(named | read))


def _expiry(answer: _Answer, asked_us: int) -> int | None:
    if answer.expires_in is not None:
        return _after(asked_us, answer.expires_in)
    if answer.refresh_token:
        return _after(asked_us, EXPIRY_UNKNOWN_SECONDS)
    return None


def _after(asked_us: int, seconds: float | None) -> int | None:
    if seconds is None:
        return None
    bounded = min(max(seconds, 0.0), 400 * US_PER_DAY / US_PER_SECOND)
    return asked_us + int(bounded * US_PER_SECOND)


FORM_HEADERS: Mapping[str, str] = {
    "content-type": "application/x-www-form-urlencoded",
    "accept": "application/json",
}
