"""Who is spoken of: a store by its permanent domain, a person or order by a pseudonym."""

import re
from typing import NewType

StoreId = NewType("StoreId", str)
"""The store's permanent domain, lower case: ``my-store.myshopify.com``."""

_SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}\.myshopify\.com", re.ASCII)

Pseudonym = NewType("Pseudonym", bytes)
"""16 bytes of HMAC-SHA-256 under the store's key; shown to people as 32 hex digits.

Customers and orders are spoken of by pseudonym everywhere but in the sealed body of an event.
"""

ModelVersion = NewType("ModelVersion", str)
"""The SHA-256 of a model's manifest, as 64 hex digits; shown to people by its first 12."""


def store_id_of(text: str) -> StoreId | None:
    """Return the store that a text names, in whatever case; None for any other text.

    No address, port, path, user, space or final dot, and nothing that only looks like a letter:
    lower case alone would make a ``k`` of the sign for kelvin.
    """
    lowered = text.lower() if text.isascii() else ""
    return StoreId(lowered) if _SHOP_DOMAIN.fullmatch(lowered) else None
