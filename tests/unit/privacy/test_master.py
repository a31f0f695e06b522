import pytest

from shopwright.core.errors import Damaged, TooNew
from shopwright.privacy.master import unwrap, wrap

MASTER = bytes(range(32))
SECRET = b"s" * 32
NONCE = b"n" * 12


def wrapped() -> bytes:
    return wrap(MASTER, SECRET, store_id="a", purpose="subject", owner=b"p", nonce=NONCE)


def test_what_is_wrapped_comes_out_again_and_does_not_show() -> None:
    assert SECRET not in wrapped()
    assert unwrap(MASTER, wrapped(), store_id="a", purpose="subject", owner=b"p") == SECRET


@pytest.mark.parametrize(
    ("master", "store_id", "purpose", "owner"),
    [
        (bytes(32), "a", "subject", b"p"),
        (MASTER, "b", "subject", b"p"),
        (MASTER, "a", "store", b"p"),
        (MASTER, "a", "subject", b"q"),
    ],
)
def test_it_opens_only_with_its_master_key_and_in_its_place(
    master: bytes, store_id: str, purpose: str, owner: bytes
) -> None:
    with pytest.raises(Damaged, match="does not open"):
        unwrap(master, wrapped(), store_id=store_id, purpose=purpose, owner=owner)


def test_a_later_format_is_said_to_be_one() -> None:
    with pytest.raises(TooNew):
        unwrap(MASTER, b"\x02" + wrapped()[1:], store_id="a", purpose="subject", owner=b"p")


def test_two_stores_are_wrapped_under_two_keys() -> None:
    """With one key and one nonce the XOR of two ciphertexts would show the XOR of the secrets."""
    other = wrap(MASTER, SECRET, store_id="b", purpose="subject", owner=b"p", nonce=NONCE)
    assert other[13:45] != wrapped()[13:45]
