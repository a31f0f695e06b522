"""A sealed body can be read only with its key, and only where it belongs.

Format 1 is one byte ``1``, a 12-byte nonce, then AES-256-GCM (NIST SP 800-38D) with a 16-byte tag.
What a body belongs to (store, topic, delivery) is authenticated with it, so a body that is moved to
another row does not open.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shopwright.core.errors import Damaged, TooNew

FORMAT = 1
NONCE_BYTES = 12
TAG_BYTES = 16

_HEAD_BYTES = 1 + NONCE_BYTES


def seal(key: bytes, body: bytes, aad: bytes, nonce: bytes) -> bytes:
    """Return the body sealed under a 32-byte key; the nonce must never come twice under one key."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
    return b"".join((bytes((FORMAT,)), nonce, AESGCM(key).encrypt(nonce, body, aad)))


def unseal(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """Return the body.

    Raises TooNew for a later format, and Damaged when the key, the place or a single bit is wrong:
    the three cannot be told apart.
    """
    if len(sealed) < _HEAD_BYTES + TAG_BYTES:
        raise Damaged(
            f"a sealed body has at least {_HEAD_BYTES + TAG_BYTES} bytes; {len(sealed)} found"
        )
    if sealed[0] > FORMAT:
        raise TooNew(
            f"a sealed body has format {sealed[0]}, this Shopwright reads {FORMAT}; upgrade it"
        )
    try:
        if sealed[0] != FORMAT:
            raise InvalidTag
        return AESGCM(key).decrypt(sealed[1:_HEAD_BYTES], sealed[_HEAD_BYTES:], aad)
    except InvalidTag as error:
        raise Damaged(
            "a sealed body does not open: it was altered, or its key is another"
        ) from error


def aad(store_id: str, topic: str, delivery_key: bytes) -> bytes:
    """Return what is authenticated with an event's body: where it belongs."""
    return b"\0".join((store_id.encode(), topic.encode(), delivery_key))
