"""What is left of an erased subject: a keyed hash, which names nobody by itself."""

import hmac
from collections.abc import Iterable

from shopwright.core.types.identity import Pseudonym
from shopwright.privacy.pseudonyms import derive


def tombstones(store_key: bytes, subjects: Iterable[Pseudonym]) -> dict[Pseudonym, bytes]:
    """Return each subject's tombstone: 32 bytes of HMAC-SHA-256 under the store's key."""
    key = derive(store_key, "tombstone")
    return {who: hmac.digest(key, who, "sha256") for who in subjects}
