"""A receipt proves an erasure, and says nothing once a single bit of it was altered."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.errors import Damaged, TooNew
from shopwright.core.types.identity import StoreId
from shopwright.core.types.privacy import Receipt, SignedReceipt
from shopwright.privacy.receipts import FORMAT, from_file, public_key_of, sign, to_file, verify

KEY = bytes(range(32))
RECEIPT = Receipt(
    format=FORMAT,
    request_id="ab" * 16,
    store_id=StoreId("pots.myshopify.com"),
    kind="erase_customer",
    origin="customers/redact",
    asked_us=1,
    finished_us=2,
    tombstones=("00" * 32,),
    removed={"log events": 3, "history partitions": 1},
    models=("f" * 64,),
)
SIGNED = sign(RECEIPT, KEY)


def test_what_was_signed_is_what_is_read() -> None:
    assert verify(SIGNED) == RECEIPT
    assert SIGNED.public_key == public_key_of(KEY)
    assert sign(RECEIPT, KEY) == SIGNED


def test_the_body_is_canonical_json() -> None:
    plain = json.loads(SIGNED.body)
    assert list(plain) == sorted(plain)
    assert json.dumps(plain, separators=(",", ":"), sort_keys=True).encode() == SIGNED.body


@pytest.mark.parametrize("part", ["body", "signature", "public_key"])
@given(at=st.integers(min_value=0, max_value=10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed(part: str, at: int, bit: int) -> None:
    altered = bytearray(getattr(SIGNED, part))
    altered[at % len(altered)] ^= 1 << bit
    with pytest.raises(Damaged):
        verify(msgspec.structs.replace(SIGNED, **{part: bytes(altered)}))


def test_another_key_signs_something_else() -> None:
    other = sign(RECEIPT, bytes(32))
    with pytest.raises(Damaged):
        verify(msgspec.structs.replace(SIGNED, public_key=other.public_key))
    assert verify(other) == RECEIPT  # true, but not this installation's: who asks compares the key


def test_a_newer_format_is_said() -> None:
    with pytest.raises(TooNew, match="format 2"):
        verify(sign(msgspec.structs.replace(RECEIPT, format=2), KEY))


def test_a_file_holds_the_very_bytes() -> None:
    content = to_file(SIGNED)
    assert from_file(content) == SIGNED
    assert json.loads(json.loads(content)["receipt"])["request_id"] == RECEIPT.request_id


NO_RECEIPTS = (
    b"",
    b"{}",
    b"\xff",
    b'{"format":1,"receipt":"","signature":"*","public_key":""}',
)


@pytest.mark.parametrize("content", NO_RECEIPTS)
def test_another_file_is_no_receipt(content: bytes) -> None:
    with pytest.raises(Damaged, match="no receipt"):
        from_file(content)


def test_a_file_of_a_later_format_is_said() -> None:
    later = json.loads(to_file(SIGNED)) | {"format": 9}
    with pytest.raises(TooNew, match="format 9"):
        from_file(json.dumps(later).encode())


def test_an_unsigned_body_is_damaged() -> None:
    with pytest.raises(Damaged):
        verify(SignedReceipt(body=b"{}", signature=b"", public_key=b""))
