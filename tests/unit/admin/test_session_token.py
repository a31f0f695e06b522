"""Tokens of pages inside Shopify's admin: only a genuine one of now, for this app, is read."""

import base64
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.admin.session_token import LEEWAY_SECONDS, SessionToken, read_session_token
from shopwright.core.clock import US_PER_SECOND

NOW = 1_795_491_850
SECRET = b"shpss_secret"
CLAIMS: dict[str, Any] = {
    "iss": "https://some-shop.myshopify.com/admin",
    "dest": "https://some-shop.myshopify.com",
    "aud": "client-1",
    "sub": "42",
    "exp": NOW + 60,
    "nbf": NOW,
    "iat": NOW,
    "jti": "one",
    "sid": "session",
}


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def token(claims: Any, *, alg: str = "HS256", secret: bytes = SECRET) -> str:
    signed = f"{encoded({'alg': alg, 'typ': 'JWT'})}.{encoded(claims)}"
    signature = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def read(text: str, now: float = NOW + 1) -> SessionToken | None:
    secrets = (b"older", SECRET)
    return read_session_token(text, "client-1", secrets, int(now * US_PER_SECOND))


def test_a_genuine_token_says_who_and_where() -> None:
    assert read(token(CLAIMS)) == SessionToken(
        store_id=read(token(CLAIMS)).store_id,  # type: ignore[union-attr]
        user_id="42",
        session_id="session",
        token_id="one",
        expires_us=(NOW + 60) * US_PER_SECOND,
    )
    assert read(token(CLAIMS)).store_id == "some-shop.myshopify.com"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "client-2"},
        {"iss": "https://other-shop.myshopify.com/admin"},
        {"dest": "https://other-shop.myshopify.com"},
        {"iss": "https://evil.example/admin", "dest": "https://evil.example"},
        {"iss": "http://some-shop.myshopify.com", "dest": "http://some-shop.myshopify.com"},
        {"exp": NOW - LEEWAY_SECONDS},
        {"nbf": NOW + LEEWAY_SECONDS + 2},
        {"sub": None},
        {"exp": "soon"},
        {"exp": float("1e300")},
    ],
)
def test_a_token_with_a_wrong_claim_is_none(changed: dict[str, Any]) -> None:
    assert read(token(CLAIMS | changed)) is None


def test_the_leeway_is_ten_seconds_each_way() -> None:
    assert read(token(CLAIMS), NOW - LEEWAY_SECONDS) is not None
    assert read(token(CLAIMS), NOW - LEEWAY_SECONDS - 0.001) is None
    assert read(token(CLAIMS), NOW + 60 + LEEWAY_SECONDS - 0.001) is not None
    assert read(token(CLAIMS), NOW + 60 + LEEWAY_SECONDS) is None


def test_only_a_signature_of_this_app_counts() -> None:
    assert read(token(CLAIMS, secret=b"mallory")) is None
    assert read(token(CLAIMS, alg="none")) is None
    assert read(token(CLAIMS, alg="RS256")) is None
    assert read(token(CLAIMS).rpartition(".")[0] + ".") is None
    head, _, tail = token(CLAIMS).split(".")
    assert read(f"{head}.{encoded(CLAIMS | {'sub': '43'})}.{tail}") is None


@given(st.text(max_size=300) | st.lists(st.text(max_size=40), max_size=5).map(".".join))
def test_no_text_brings_it_down(text: str) -> None:
    assert read(text) is None
