import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.errors import Damaged, TooNew
from shopwright.privacy.sealing import FORMAT, aad, seal, unseal

KEY = bytes(range(32))
NONCE = bytes(12)
PLACE = aad("a.myshopify.com", "orders/create", bytes(16))


@given(st.binary(max_size=5_000), st.binary(min_size=12, max_size=12), st.binary(max_size=60))
def test_what_is_sealed_opens_again(body: bytes, nonce: bytes, place: bytes) -> None:
    assert unseal(KEY, seal(KEY, body, place, nonce), place) == body


def test_the_format_is_a_byte_a_nonce_and_aes_gcm() -> None:
    sealed = seal(KEY, b"body", PLACE, NONCE)
    assert sealed == b"\x01" + NONCE + AESGCM(KEY).encrypt(NONCE, b"body", PLACE)


@given(st.data())
def test_a_single_changed_bit_is_found(data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, b"a body of some length", PLACE, NONCE))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Damaged):
        unseal(KEY, bytes(sealed), PLACE)


@given(st.integers(0, 48))
def test_a_cut_body_is_found(length: int) -> None:
    sealed = seal(KEY, b"a body of some length", PLACE, NONCE)
    assert length < len(sealed)
    with pytest.raises(Damaged):
        unseal(KEY, sealed[:length], PLACE)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(Damaged, match="does not open"):
        unseal(bytes(32), seal(KEY, b"body", PLACE, NONCE), PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        aad("b.myshopify.com", "orders/create", bytes(16)),
        aad("a.myshopify.com", "orders/paid", bytes(16)),
        aad("a.myshopify.com", "orders/create", bytes(15) + b"\x01"),
    ],
)
def test_a_body_moved_to_another_place_does_not_open(elsewhere: bytes) -> None:
    with pytest.raises(Damaged, match="does not open"):
        unseal(KEY, seal(KEY, b"body", PLACE, NONCE), elsewhere)


def test_store_and_topic_cannot_run_into_each_other() -> None:
    assert aad("ab", "c", bytes(16)) != aad("a", "bc", bytes(16))


def test_a_later_format_is_not_guessed_at() -> None:
    sealed = bytes((FORMAT + 1,)) + seal(KEY, b"body", PLACE, NONCE)[1:]
    with pytest.raises(TooNew, match="upgrade"):
        unseal(KEY, sealed, PLACE)


def test_a_nonce_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        seal(KEY, b"body", PLACE, bytes(16))
