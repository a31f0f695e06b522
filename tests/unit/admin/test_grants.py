"""What is sent for a token, and what is made of what comes back."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.admin import grants
from shopwright.admin.grants import EXPIRY_UNKNOWN_SECONDS, TokenPair, read_scopes, read_tokens
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import StoreId

SHOP = StoreId("some-shop.myshopify.com")
ASKED_US = 1_795_491_850 * US_PER_SECOND


def read(**answer: Any) -> TokenPair:
    return read_tokens(SHOP, json.dumps(answer).encode(), ASKED_US)


def test_an_expiring_pair() -> None:
    pair = read(
        access_token="shpat_1",
        scope="read_products,write_orders",
        expires_in=3_600,
        refresh_token="shprt_1",
        refresh_token_expires_in=7_776_000,
    )
    assert pair == TokenPair(
        access_token="shpat_1",
        scopes=("read_orders", "read_products", "write_orders"),
        expires_us=ASKED_US + 3_600 * US_PER_SECOND,
        refresh_token="shprt_1",
        refresh_expires_us=ASKED_US + 90 * US_PER_DAY,
    )


def test_24_hours_that_nothing_renews() -> None:
    pair = read(access_token="shpat_1", scope="read_orders", expires_in=86_399)
    assert (pair.expires_us, pair.refresh_token) == (ASKED_US + 86_399 * US_PER_SECOND, None)


def test_a_pair_without_an_expiry_is_not_for_ever() -> None:
    pair = read(access_token="shpat_1", scope="", refresh_token="shprt_1")
    assert pair.expires_us == ASKED_US + EXPIRY_UNKNOWN_SECONDS * US_PER_SECOND
    assert read(access_token="shpat_1").expires_us is None


def test_an_absurd_lifetime_is_bounded() -> None:
    assert read(access_token="a", expires_in=1e300).expires_us == ASKED_US + 400 * US_PER_DAY
    assert read(access_token="a", expires_in=-5).expires_us == ASKED_US


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"access_token":""}', b'{"access_token":7}', b'{"error":"x"}'],
)
def test_what_is_no_token_says_so(body: bytes) -> None:
    with pytest.raises(BadInput, match=SHOP):
        read_tokens(SHOP, body, ASKED_US)


@given(st.binary(max_size=80))
def test_no_answer_raises_anything_else(body: bytes) -> None:
    with suppress(BadInput):
        assert read_tokens(SHOP, body, ASKED_US).access_token


def test_an_error_never_shows_what_was_sent() -> None:
    with pytest.raises(BadInput) as error:
        read_tokens(SHOP, b'{"access_token":["shpat_1"]}', ASKED_US)
    assert "shpat" not in str(error.value)


def test_what_may_be_written_may_be_read() -> None:
    assert read_scopes(" write_products, read_orders,,read_orders") == (
        "read_orders",
        "read_products",
        "write_products",
    )
    assert read_scopes("") == ()


def test_each_way_sends_what_it_needs() -> None:
    sent = [
        grants.by_client_credentials("id", "secret"),
        grants.by_code("id", "secret", "c0de"),
        grants.by_refresh("id", "secret", "shprt_1"),
        grants.by_session_token("id", "secret", "jwt"),
    ]
    for form in sent:
        assert (form["client_id"], form["client_secret"]) == ("id", "secret")
    credentials, code, refresh, session = sent
    assert credentials["grant_type"] == "client_credentials"
    assert (code["code"], code["expiring"], "grant_type" in code) == ("c0de", "1", False)
    assert (refresh["grant_type"], refresh["refresh_token"]) == ("refresh_token", "shprt_1")
    assert session["subject_token"] == "jwt"
    assert session["requested_token_type"].endswith("offline-access-token")
