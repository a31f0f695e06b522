"""The way in through the browser: who is sent where, and who is believed on return."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.admin.oauth import (
    FRESH_SECONDS,
    Callback,
    NotGenuine,
    authorize_url,
    fits,
    read_callback,
    sign,
)
from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.identity import StoreId

SHOP = StoreId("some-shop.myshopify.com")
SECRET = b"hush"
NOW = 1_795_491_850
PUBLISHED = (
    "code=0907a61c0c8d55e99db179b68161bc00&shop=some-shop.myshopify.com"
    "&state=0.6784241404160823&timestamp=1337178173"
)
PUBLISHED_SIGNATURE = "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"


def query(**changes: str) -> str:
    fields = {"code": "c0de", "shop": SHOP, "state": "s1", "timestamp": str(NOW)} | changes
    plain = "&".join(f"{name}={value}" for name, value in fields.items())
    return f"{plain}&hmac={sign(plain, SECRET)}"


def read(raw: str, *, state: str = "s1", expected: StoreId = SHOP, now: int = NOW) -> object:
    secrets = (b"another", SECRET)
    now_us = now * US_PER_SECOND
    return read_callback(raw, secrets, state=state, expected=expected, now_us=now_us)


def test_the_published_example_is_signed_as_published() -> None:
    assert sign(PUBLISHED, SECRET) == PUBLISHED_SIGNATURE
    assert fits(f"hmac={PUBLISHED_SIGNATURE}&{PUBLISHED}", PUBLISHED_SIGNATURE, [SECRET])


def test_a_genuine_callback_gives_its_code() -> None:
    assert read(query()) == Callback(store_id=SHOP, code="c0de")
    assert read(query(shop="Some-Shop.myshopify.com")) == Callback(store_id=SHOP, code="c0de")


def test_a_value_with_escapes_may_be_signed_either_way() -> None:
    escaped = query(host="YWRtaW4%3D")
    decoded = sign("code=c0de&host=YWRtaW4=&shop=x", SECRET)
    assert isinstance(read(escaped), Callback)
    assert fits("code=c0de&host=YWRtaW4%3D&shop=x", decoded, [SECRET])


@pytest.mark.parametrize(
    ("raw", "because"),
    [
        (query().replace("c0de", "c0df"), "signature"),
        (query() + "&extra=1", "signature"),
        (query() + "&state=s1", "each once"),
        (query().replace("&state=s1", ""), "each once"),
        (query(code=""), "each once"),
        (query(shop="other-shop.myshopify.com"), "another store"),
        (query(shop="some-shop.myshopify.com.evil.example"), "another store"),
        (query(shop="some-shop.myshopify.com%0A"), "another store"),
        (query(state="s2"), "this browser"),
        (query(timestamp=str(NOW - FRESH_SECONDS - 1)), "seconds"),
        (query(timestamp=str(NOW + FRESH_SECONDS + 1)), "seconds"),
        (query(timestamp="-1"), "seconds"),
        (query(timestamp="1e9"), "seconds"),
        (query(host="x" * 5_000), "each once"),
        ("", "each once"),
    ],
)
def test_anything_else_is_a_strangers(raw: str, because: str) -> None:
    answer = read(raw)
    assert isinstance(answer, NotGenuine)
    assert because in answer.reason
    assert SECRET.decode() not in answer.reason


def test_without_a_state_of_ones_own_nothing_is_believed() -> None:
    empty = query(state="")
    assert isinstance(read(empty, state=""), NotGenuine)
    assert isinstance(read(query(), state=""), NotGenuine)


@given(st.text(max_size=200))
def test_no_query_brings_it_down(raw: str) -> None:
    assert isinstance(read(raw), NotGenuine)


def test_the_merchant_is_sent_to_their_own_admin() -> None:
    url = urlsplit(
        authorize_url(SHOP, "id 1", ["read_orders", "read_products"], "https://x.example/cb", "a&b")
    )
    assert (url.scheme, url.netloc, url.path) == ("https", SHOP, "/admin/oauth/authorize")
    assert parse_qs(url.query) == {
        "client_id": ["id 1"],
        "scope": ["read_orders,read_products"],
        "redirect_uri": ["https://x.example/cb"],
        "state": ["a&b"],
    }
