"""Passwords: which are taken, and how they are kept."""

import re
import statistics
import time
from base64 import b64decode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shopwright.core.errors import BadInput, Damaged
from shopwright.privacy.passwords import (
    CHARACTERS_MIN,
    COMMONEST,
    COST,
    Cost,
    check_new,
    fits,
    has_grown,
    keep,
)

CHEAP = Cost(1, 1, 1)
SALT = b"s" * 16


@given(password=st.text(max_size=300).filter(lambda text: "\0" not in text), other=st.text())
@example(password="", other="\0")
def test_only_the_password_itself_fits(password: str, other: str) -> None:
    from unicodedata import normalize

    kept = keep(password, SALT, CHEAP)
    assert fits(password, kept)
    assert fits(other, kept) is (normalize("NFKC", other) == normalize("NFKC", password))


def test_a_password_holds_no_zero_byte() -> None:
    with pytest.raises(BadInput, match="zero byte"):
        check_new("seven green \0 kettles", "ann")


def test_it_is_kept_as_scrypt_of_the_standard_has_it() -> None:
    # RFC 7914, section 12, third vector, in the first 32 of its 64 bytes.
    kept = keep("pleaseletmein", b"SodiumChloride", Cost(14, 8, 1))
    assert kept.startswith("scrypt$ln=14,r=8,p=1$")
    salt, digest = (b64decode(part) for part in kept.split("$")[2:])
    assert salt == b"SodiumChloride"
    assert digest.hex() == "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"


def test_the_same_password_is_kept_differently_under_another_salt() -> None:
    assert keep("seven brass lanterns", b"a" * 16, CHEAP) != keep(
        "seven brass lanterns", b"b" * 16, CHEAP
    )


def test_letters_that_look_the_same_are_the_same() -> None:
    assert fits("caf\u00e9 au lait grand", keep("cafe\u0301 au lait grand", SALT, CHEAP))


def test_parameters_only_grow() -> None:
    kept = keep("x", SALT, Cost(3, 2, 1))
    costs = (Cost(3, 2, 1), Cost(3, 2, 2), Cost(4, 1, 1), Cost(2, 1, 1))
    assert [has_grown(kept, cost) for cost in costs] == [False, True, False, False]
    # 2^17 blocks of a kilobyte, in whatever shape: OWASP's first choice and as much.
    assert (1 << COST.ln) * COST.r * COST.p >= 3 * (1 << 15) * 8


@pytest.mark.parametrize(
    "kept", ["", "scrypt", "scrypt$ln=1,r=1,p=1$!$!", "md5$x", "scrypt$ln=99999,r=1,p=1$AA==$AA=="]
)
def test_what_cannot_be_read_is_damage(kept: str) -> None:
    with pytest.raises(Damaged, match="users password"):
        fits("x", kept)


@pytest.mark.parametrize(
    "password",
    [
        "", "short", "elevenchars", "x" * 257, *sorted(COMMONEST)[::9], "PASSWORD1234",
        "Password2026!", "aaaaaaaaaaaaaaaa", "abababababababab", "abcdefghijklm", "zyxwvutsrqponm",
        "0123456789:;", "shopwright2026", "Shopwright!!!!", "annabelle1234", "annabelle-annabelle",
        "ＰＡＳＳＷＯＲＤ１２３４",
    ],
)  # fmt: skip
def test_one_that_is_guessed_soon_is_refused_and_told_why(password: str) -> None:
    with pytest.raises(BadInput, match=r"12 to 256 characters|first that are guessed"):
        check_new(password, "annabelle")


@pytest.mark.parametrize(
    "password",
    [
        "seven brass lanterns", "no digits at all here", "correct horse battery",
        "ЭтоДлинныйПароль", "日本語のとても長い合言葉です", "x7$kQ!mz@2vb",
        "my shopwright runs on coffee", "         x y z w v",
    ],
)  # fmt: skip
def test_nothing_but_length_is_asked_for(password: str) -> None:
    assert len(check_new(password, "annabelle")) >= CHARACTERS_MIN


def test_the_list_holds_only_what_is_long_enough_to_be_asked() -> None:
    assert min(map(len, COMMONEST)) >= CHARACTERS_MIN
    assert all(re.fullmatch(r"\S+", one) and one == one.casefold() for one in COMMONEST)


def test_a_wrong_password_costs_what_a_right_one_costs() -> None:
    """Medians of many, and a generous bound: a leak of a whole comparison would be 100 %."""
    kept = keep("seven brass lanterns", SALT, Cost(10, 8, 1))
    taken: dict[str, list[float]] = {"seven brass lanterns": [], "another": []}
    for _ in range(60):
        for password, seconds in taken.items():
            began = time.perf_counter()
            fits(password, kept)
            seconds.append(time.perf_counter() - began)
    right, wrong = (statistics.median(seconds) for seconds in taken.values())
    assert 0.6 < right / wrong < 1.6
