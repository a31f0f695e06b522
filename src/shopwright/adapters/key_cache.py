"""Opened keys in memory, at most so many: unwrapping one costs more than sealing a body with it."""

from collections import OrderedDict
from threading import Lock

from shopwright.core.types.identity import Pseudonym, StoreId


class KeyCache:
    """The keys that were used last. Safe to use from several threads."""

    def __init__(self, keys_max: int) -> None:
        self._keys_max = keys_max
        self._keys: OrderedDict[tuple[StoreId, Pseudonym], bytes] = OrderedDict()
        self._turn = Lock()

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, store_id: StoreId, subject: Pseudonym) -> bytes | None:
        """Return a key if it is here."""
        with self._turn:
            found = self._keys.get((store_id, subject))
            if found is not None:
                self._keys.move_to_end((store_id, subject))
            return found

    def put(self, store_id: StoreId, subject: Pseudonym, key: bytes) -> None:
        """Keep a key, and drop the one that was not used for the longest time."""
        with self._turn:
            self._keys[store_id, subject] = key
            self._keys.move_to_end((store_id, subject))
            if len(self._keys) > self._keys_max:
                self._keys.popitem(last=False)

    def clear(self) -> None:
        """Drop every key."""
        with self._turn:
            self._keys.clear()
