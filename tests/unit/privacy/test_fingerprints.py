import hashlib

import pytest

from shopwright.core.errors import BadInput
from shopwright.privacy.fingerprints import fingerprint, named

ONE, TWO = fingerprint(b"one"), fingerprint(b"two")


def test_a_fingerprint_is_the_sha_256() -> None:
    assert hashlib.sha256(b"one").hexdigest() == ONE


def test_the_beginning_names_a_secret_in_either_case() -> None:
    assert named([ONE, TWO], ONE[:8]) == ONE
    assert named([ONE, TWO], TWO.upper()) == TWO
    assert named([ONE, TWO], "0" * 8) is None


@pytest.mark.parametrize("beginning", ["", ONE[:7], "x" * 8, ONE + "0", ONE[:8] + "\n"])
def test_too_little_or_no_hex_is_refused(beginning: str) -> None:
    with pytest.raises(BadInput, match="8"):
        named([ONE, TWO], beginning)


def test_digits_that_name_two_are_refused() -> None:
    with pytest.raises(BadInput, match="names 2 secrets"):
        named(["ab" * 32, "ab" * 31 + "cd"], "ab" * 8)
