"""How an API key looks: ``swk_``, its id, ``_``, 43 characters of secret, 8 of checksum.

The beginning lets scanners of repositories find one that was committed. The checksum lets them, and
us, tell a real one from a typing error without asking anybody.
"""

import hashlib
import re
import zlib
from base64 import urlsafe_b64encode
from typing import NamedTuple

ENTROPY_BYTES = 32
ID_ENTROPY_BYTES = 8
_ID_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_ID_LENGTH = 12
PATTERN = re.compile(r"swk_([a-km-np-z2-9]{12})_([A-Za-z0-9_-]{43})([0-9a-f]{8})", re.ASCII)


class Shown(NamedTuple):
    """A key as its owner holds it."""

    key_id: str
    secret: str


def make(id_entropy: bytes, entropy: bytes) -> tuple[str, Shown]:
    """Return a new key in full and in its parts, out of 8 and 32 unpredictable bytes."""
    number = int.from_bytes(id_entropy[:ID_ENTROPY_BYTES], "big")
    key_id = "".join(_ID_ALPHABET[(number >> 5 * at) & 31] for at in range(_ID_LENGTH))
    secret = urlsafe_b64encode(entropy[:ENTROPY_BYTES]).rstrip(b"=").decode()
    body = f"swk_{key_id}_{secret}"
    return body + _checksum(body), Shown(key_id, secret)


def read(text: str) -> Shown | None:
    """Return the parts of a key; None for what cannot be one."""
    found = PATTERN.fullmatch(text)
    if found is None or _checksum(text[:-8]) != found[3]:
        return None
    return Shown(found[1], found[2])


def secret_hash(secret: str) -> bytes:
    """Return what is kept of a secret: 256 unpredictable bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
