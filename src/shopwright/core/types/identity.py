"""Who is spoken of: a store by its permanent domain, a person or order by a pseudonym."""

from typing import NewType

StoreId = NewType("StoreId", str)
"""The store's permanent domain, lower case: ``my-store.myshopify.com``."""

Pseudonym = NewType("Pseudonym", bytes)
"""16 bytes of HMAC-SHA-256 under the store's key; shown to people as 32 hex digits.

Customers and orders are spoken of by pseudonym everywhere but in the sealed body of an event.
"""

ModelVersion = NewType("ModelVersion", str)
"""The SHA-256 of a model's manifest, as 64 hex digits; shown to people by its first 12."""
