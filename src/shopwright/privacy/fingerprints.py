"""A secret is named to people by the beginning of its SHA-256, never shown."""

import hashlib
import re
from collections.abc import Iterable

from shopwright.core.errors import BadInput

FINGERPRINT_DIGITS_MIN = 8
"""Fewer digits could name another secret by a slip of the hand."""

_HEX = re.compile(r"[0-9a-f]{8,64}", re.ASCII)


def fingerprint(secret: bytes) -> str:
    """Return the SHA-256 of a secret as 64 hex digits; its first 8 are enough to name it."""
    return hashlib.sha256(secret).hexdigest()


def named(fingerprints: Iterable[str], beginning: str) -> str | None:
    """Return the fingerprint that begins so, or None. Raises BadInput when it names two."""
    if not _HEX.fullmatch(beginning.lower()):
        raise BadInput(
            f"{beginning!r} is not a fingerprint; give at least {FINGERPRINT_DIGITS_MIN} of its "
            "hex digits, as they were shown when the secret was added"
        )
    found = [whole for whole in fingerprints if whole.startswith(beginning.lower())]
    if len(found) > 1:
        raise BadInput(f"{beginning!r} names {len(found)} secrets; give more of its digits")
    return found[0] if found else None
