"""The keys derived from a store's key, kept in memory: a request must not read a file."""

from collections.abc import Callable, Iterable

from shopwright.core.errors import Erased
from shopwright.core.ports import KeyStore
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.privacy.pseudonyms import derive, pseudonym


class StoreKeys:
    """Derived keys and pseudonyms of the stores that this process has met.

    They stand for exactly the store key that the key store knows now: once a store is erased here
    none of them is used again, and a store that came back has others.
    """

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._derived: dict[tuple[StoreId, str], tuple[bytes, bytes]] = {}

    def notice(self, store_ids: Iterable[StoreId]) -> None:
        """Let an erasure in another process count from now on; costs a few µs a store."""
        for store_id in store_ids:
            self._keys.open_keys(store_id, ())

    def derived(self, store_id: StoreId, purpose: str) -> bytes:
        """Return the store's key for a purpose. Raises Erased when the store's key is gone."""
        try:
            store_key = self._keys.store_key(store_id)
        except Erased:
            self._drop(store_id)
            raise
        known = self._derived.get((store_id, purpose))
        if known is not None and known[0] == store_key:
            return known[1]
        made = derive(store_key, purpose)
        self._derived[store_id, purpose] = (store_key, made)
        return made

    def body_key(self, store_id: StoreId) -> bytes:
        """Return the key that seals bodies about nobody."""
        return self.derived(store_id, "body")

    def pseudonymiser(self, store_id: StoreId) -> Callable[[str, str], Pseudonym]:
        """Return the function that turns (kind, original id) into this store's pseudonym."""
        key = self.derived(store_id, "pseudonym")
        return lambda kind, original_id: pseudonym(key, kind, original_id)

    def _drop(self, store_id: StoreId) -> None:
        for at in [at for at in self._derived if at[0] == store_id]:
            del self._derived[at]
