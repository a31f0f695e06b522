"""People and orders are spoken of by pseudonyms: keyed, so that nobody without the key can guess.

A pseudonym is the first 16 bytes of HMAC-SHA-256 over ``kind:id`` (RFC 2104). Its key is derived
from the store's key with HKDF-SHA-256 (RFC 5869), so the same person in two stores has two
pseudonyms, and whoever destroys the store's key makes all of them meaningless.
"""

import hmac
import re

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shopwright.core.errors import BadInput
from shopwright.core.types.identity import Pseudonym

KEY_BYTES = 32
PSEUDONYM_BYTES = 16

_DIGITS = re.compile(r"\d{1,20}", re.ASCII)
_GID = re.compile(r"gid://shopify/[A-Za-z]+/(\d{1,20})(?:\?[^\s]*)?", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)


def derive(store_key: bytes, purpose: str) -> bytes:
    """Return the 32-byte key for one purpose; no purpose's key says anything about another's."""
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode())
    return kdf.derive(store_key)


def plain_id(shopify_id: str | int) -> str:
    """Return an id of Shopify's as its digits.

    REST says ``450789469`` as a number, GraphQL ``gid://shopify/Order/450789469`` as text; both
    must give one pseudonym. Raises BadInput for anything else.
    """
    if isinstance(shopify_id, bool):
        raise _not_an_id()
    text = str(shopify_id)
    if _DIGITS.fullmatch(text):
        return text
    found = _GID.fullmatch(text)
    if found is None:
        raise _not_an_id()
    return found[1]


def pseudonym(pseudonym_key: bytes, kind: str, original_id: str) -> Pseudonym:
    """Return the pseudonym of an id; ``kind`` (``customer``, ``order``) keeps equal ids apart."""
    digest = hmac.digest(pseudonym_key, f"{kind}:{original_id}".encode(), "sha256")
    return Pseudonym(digest[:PSEUDONYM_BYTES])


def parse(text: str) -> Pseudonym | None:
    """Read a pseudonym from its 32 hex digits; None for any other text."""
    return Pseudonym(bytes.fromhex(text)) if _HEX.fullmatch(text) else None


def show(who: Pseudonym) -> str:
    """Write a pseudonym for people, files and URLs: 32 lower-case hex digits."""
    return who.hex()


def _not_an_id() -> BadInput:
    # Not repeated: somebody may have typed an e-mail address, and answers end up in logs.
    return BadInput("this is not an id of Shopify; expected digits or gid://shopify/Customer/1")
