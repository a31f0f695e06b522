import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.errors import BadInput
from shopwright.privacy.pseudonyms import derive, parse, plain_id, pseudonym, show

KEY = bytes(range(32))


def hkdf(key: bytes, info: bytes) -> bytes:
    """RFC 5869 for one block of SHA-256, written out."""
    extracted = hmac.new(bytes(32), key, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20))
def test_a_derived_key_is_hkdf_of_the_store_key(key: bytes, purpose: str) -> None:
    assert derive(key, purpose) == hkdf(key, purpose.encode())


def test_a_pseudonym_is_the_first_half_of_a_keyed_hash_of_kind_and_id() -> None:
    whole = hmac.new(KEY, b"customer:207119551", hashlib.sha256).digest()
    assert pseudonym(KEY, "customer", "207119551") == whole[:16]


def test_kind_key_and_id_each_change_the_pseudonym() -> None:
    seen = {
        pseudonym(key, kind, number)
        for key in (KEY, derive(KEY, "other"))
        for kind in ("customer", "order")
        for number in ("1", "2", "12")
    }
    assert len(seen) == 12


@pytest.mark.parametrize(
    "told",
    [
        450789469,
        "450789469",
        "gid://shopify/Order/450789469",
        "gid://shopify/Customer/450789469?key=a1b2&x=/7",
    ],
)
def test_number_text_and_gid_are_one_id(told: str | int) -> None:
    assert plain_id(told) == "450789469"


@pytest.mark.parametrize(
    "told",
    [
        "",
        " 1",
        "1\n",
        "-1",
        -1,
        True,
        "1e3",
        "١٢٣",  # digits, but not ASCII ones
        "1" * 21,
        "gid://shopify/Order/",
        "gid://shopify/Order/12a",
        "gid://other/Order/12",
        "gid://shopify/Order/12/34",
        "gid://shopify/Order/12\n",
        "someone@example.org",
    ],
)
def test_anything_else_is_refused(told: str | int) -> None:
    with pytest.raises(BadInput, match="is not an id of Shopify"):
        plain_id(told)


def test_a_long_wrong_id_is_not_repeated_whole_in_the_message() -> None:
    with pytest.raises(BadInput) as caught:
        plain_id("x" * 10_000)
    assert len(str(caught.value)) < 200


@given(st.binary(min_size=16, max_size=16))
def test_what_is_shown_can_be_read_again(sixteen: bytes) -> None:
    shown = show(sixteen)  # type: ignore[arg-type]
    assert shown == sixteen.hex()
    assert parse(shown) == parse(shown.upper()) == sixteen


@pytest.mark.parametrize("text", ["", "0" * 31, "0" * 33, "g" * 32, "450789469", " " * 32])
def test_other_text_is_no_pseudonym(text: str) -> None:
    assert parse(text) is None
