"""Passwords: which are taken, and how they are kept (NIST SP 800-63B, section 5.1.1).

Length is what counts: no rule asks for digits or signs. Kept is what scrypt (RFC 7914) makes of
the password and a salt, with its parameters, so that they can grow.
"""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from itertools import pairwise
from typing import NamedTuple
from unicodedata import normalize

from shopwright.core.errors import BadInput, Damaged

CHARACTERS_MIN = 12
CHARACTERS_MAX = 256
SALT_BYTES = 16
_DIGEST_BYTES = 32
_MEMORY_SPARE = 1 << 20
_KEPT = re.compile(
    r"scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/=]+)\$([\w+/=]+)", re.ASCII
)

COMMONEST = frozenset(
    """
    000000000000 111111111111 1111111111111 123123123123 123412341234 1234567890-= 123456654321
    123456789012 1234567890123 123456789abc 123456789qwe 123456789012345 1234567890qwerty
    123qweasdzxc 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i 1qaz2wsx3edc 1qaz2wsx3edc4rfv
    a1b2c3d4e5f6 abc123456789 abcd12345678 abcdefghijkl administrator administrator1 adminadmin123
    asdfghjkl123 changeme1234 changemechangeme correcthorsebatterystaple footballfootball
    iloveyou1234 iloveyouiloveyou letmein12345 letmeinletmein monkeymonkey motdepasse123
    p@ssw0rd1234 p@ssword1234 passw0rd1234 password1234 password12345 password123456
    password2024 password2025 password2026 passwordpassword passwort1234 princessprincess
    q1w2e3r4t5y6 qazwsxedcrfv qwerasdfzxcv qwerty123456 qwertyqwerty qwertyuiop12 qwertyuiop123
    qwertyuiop[] qwertyuiopasdf sunshine1234 superman1234 trustno1trustno1 welcome12345
    welcomewelcome zaq12wsxcde3 zxcvbnm12345
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""The commonest passwords that are long enough; shorter ones are refused for their length."""
_OURS = ("shopwright", "shopify", "password", "administrator", "admin")


class Cost(NamedTuple):
    """scrypt's parameters: 2^ln blocks of 128·r bytes, p times over."""

    ln: int
    r: int
    p: int


COST = Cost(15, 8, 3)
"""32 MiB and about a quarter of a second: OWASP's password storage cheat sheet, as strong as its
first choice (2^17, 8, 1) with a quarter of the memory, for a web process holds several at once."""


def check_new(password: str, user: str) -> str:
    """Return a new password as it is kept; raise BadInput for one that is guessed too soon."""
    normal = normalize("NFKC", password)
    if not CHARACTERS_MIN <= len(normal) <= CHARACTERS_MAX:
        raise BadInput(
            f"a password has {CHARACTERS_MIN} to {CHARACTERS_MAX} characters, and this one has "
            f"{len(normal)}; three or four words that do not belong together make a good one"
        )
    if "\0" in normal:
        raise BadInput("a password cannot hold a zero byte")
    if _is_guessed_soon(normal.casefold(), user.casefold()):
        raise BadInput(
            "this password is among the first that are guessed; choose three or four words that "
            "do not belong together, or let `--generate` make one"
        )
    return normal


def _is_guessed_soon(folded: str, user: str) -> bool:
    if folded in COMMONEST or len(set(folded)) < 5:
        return True
    steps = {ord(after) - ord(before) for before, after in pairwise(folded)}
    if steps in ({1}, {-1}):
        return True
    known = (word for word in (user, *_OURS) if len(word) >= 3)
    rest = folded
    for word in known:
        rest = rest.replace(word, "")
    return len(re.sub(r"[\W\d_]+", "", rest)) < 4 and rest != folded


def keep(password: str, salt: bytes, cost: Cost = COST) -> str:
    """Return what is kept of a password: parameters, salt and digest."""
    digest = _digest(password, salt, cost)
    parameters = f"ln={cost.ln},r={cost.r},p={cost.p}"
    return f"scrypt${parameters}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def fits(password: str, kept: str) -> bool:
    """Whether this is the password of which that is kept. Raises Damaged."""
    cost, salt, digest = _read(kept)
    # HMAC fills a short key up with zero bytes: with some at its end, another text would fit.
    return hmac.compare_digest(_digest(password, salt, cost), digest) and "\0" not in password


def has_grown(kept: str, cost: Cost = COST) -> bool:
    """Whether today's parameters cost more than those with which this was kept."""
    then, _, _ = _read(kept)
    return (1 << then.ln) * then.r * then.p < (1 << cost.ln) * cost.r * cost.p


def _read(kept: str) -> tuple[Cost, bytes, bytes]:
    found = _KEPT.fullmatch(kept)
    try:
        if found is None:
            raise ValueError
        ln, r, p, salt, digest = found.groups()
        return Cost(int(ln), int(r), int(p)), b64decode(salt), b64decode(digest)
    except (ValueError, Base64Error) as error:
        raise Damaged(
            "what is kept of a password cannot be read; "
            "set it anew with `shopwright users password`"
        ) from error


def _digest(password: str, salt: bytes, cost: Cost) -> bytes:
    return hashlib.scrypt(
        normalize("NFKC", password).encode("utf-8", "surrogatepass"),
        salt=salt,
        n=1 << cost.ln,
        r=cost.r,
        p=cost.p,
        maxmem=(128 * cost.r << cost.ln) + 256 * cost.r * cost.p + _MEMORY_SPARE,
        dklen=_DIGEST_BYTES,
    )
