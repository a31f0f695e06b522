"""API keys as their owners hold them."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shopwright.privacy.api_tokens import PATTERN, make, read, secret_hash

entropy = st.binary(min_size=32, max_size=32)
ids = st.binary(min_size=8, max_size=8)


@given(id_entropy=ids, secret=entropy)
def test_what_is_made_is_read(id_entropy: bytes, secret: bytes) -> None:
    token, shown = make(id_entropy, secret)
    assert read(token) == shown
    assert re.fullmatch(r"swk_[a-z2-9]{12}_[\w-]{43}[0-9a-f]{8}", token, re.ASCII)
    assert PATTERN.search(f'api_key = "{token}"')
    assert len(secret_hash(shown.secret)) == 32


@given(id_entropy=ids, secret=entropy, data=st.data())
def test_one_wrong_letter_is_told_at_once(id_entropy: bytes, secret: bytes, data: Any) -> None:
    token, _ = make(id_entropy, secret)
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    assert (read(token[:at] + letter + token[at + 1 :]) is None) is (letter != token[at])


@given(id_entropy=ids, secret=entropy, data=st.data())
def test_two_letters_that_changed_places_and_parts_are_told(
    id_entropy: bytes, secret: bytes, data: Any
) -> None:
    token, _ = make(id_entropy, secret)
    at = data.draw(st.integers(0, len(token) - 2))
    swapped = token[:at] + token[at + 1] + token[at] + token[at + 2 :]
    assert swapped == token or read(swapped) is None
    cut = data.draw(st.integers(0, len(token) - 1))
    assert read(token[:cut]) is None
    assert read(token[cut + 1 :]) is None


@given(st.text(max_size=90))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert read(text) is None or PATTERN.fullmatch(text)


@given(ones=ids, others=ids)
def test_different_ids_stay_different(ones: bytes, others: bytes) -> None:
    used = [int.from_bytes(one, "big") % (1 << 60) for one in (ones, others)]
    same = used[0] == used[1]
    assert (make(ones, bytes(32))[1].key_id == make(others, bytes(32))[1].key_id) is same
