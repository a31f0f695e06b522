"""The keys derived from a store's key, kept in memory: a request must not read a file."""

from collections.abc import Callable

from shopwright.core.ports import KeyStore
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.privacy.pseudonyms import derive, pseudonym


class StoreKeys:
    """Derived keys and pseudonyms of the stores that this process has met."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._derived: dict[tuple[StoreId, str], bytes] = {}

    def derived(self, store_id: StoreId, purpose: str) -> bytes:
        """Return the store's key for a purpose. Raises Erased when the store's key is gone."""
        found = self._derived.get((store_id, purpose))
        if found is None:
            found = derive(self._keys.store_key(store_id), purpose)
            self._derived[store_id, purpose] = found
        return found

    def body_key(self, store_id: StoreId) -> bytes:
        """Return the key that seals bodies about nobody."""
        return self.derived(store_id, "body")

    def pseudonymiser(self, store_id: StoreId) -> Callable[[str, str], Pseudonym]:
        """Return the function that turns (kind, original id) into this store's pseudonym."""
        key = self.derived(store_id, "pseudonym")
        return lambda kind, original_id: pseudonym(key, kind, original_id)
