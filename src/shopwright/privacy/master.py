"""Keys and secrets at rest are wrapped under the master key, which lies outside the data folder.

A wrapped secret is bound to its store, its purpose and its owner, so rows of the key file cannot be
exchanged for one another. Each store has a wrapping key of its own, derived from the master key.
"""

from functools import lru_cache

from shopwright.core.errors import Damaged, TooNew
from shopwright.privacy.pseudonyms import derive
from shopwright.privacy.sealing import seal, unseal

MASTER_KEY_BYTES = 32


def wrap(
    master_key: bytes, secret: bytes, *, store_id: str, purpose: str, owner: bytes, nonce: bytes
) -> bytes:
    """Return the secret wrapped; ``purpose`` (``store``, ``subject``, …) keeps kinds apart."""
    key = _wrapping_key(master_key, store_id)
    return seal(key, secret, _place(store_id, purpose, owner), nonce)


def unwrap(
    master_key: bytes, wrapped: bytes, *, store_id: str, purpose: str, owner: bytes
) -> bytes:
    """Return the secret. Raises Damaged when the master key or the place is another; TooNew."""
    key = _wrapping_key(master_key, store_id)
    try:
        return unseal(key, wrapped, _place(store_id, purpose, owner))
    except TooNew:
        raise
    except Damaged as error:
        raise Damaged(
            f"{store_id}: a wrapped {purpose} key does not open: "
            "the master key is another, or the key was altered"
        ) from error


@lru_cache(maxsize=4_096)
def _wrapping_key(master_key: bytes, store_id: str) -> bytes:
    return derive(master_key, f"wrap:{store_id}")


def _place(store_id: str, purpose: str, owner: bytes) -> bytes:
    return b"\0".join((store_id.encode(), purpose.encode(), owner))
