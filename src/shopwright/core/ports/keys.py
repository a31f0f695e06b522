"""The sockets of what may never be read by others: keys and secrets."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from shopwright.core.types.identity import Pseudonym, StoreId


class KeyStore(Protocol):
    """Keys of stores and of people; destroying one makes what it sealed unreadable for ever."""

    def store_key(self, store_id: StoreId) -> bytes:
        """Return the store's key, made on first use. Raises Erased when it was destroyed."""
        ...

    def seal_keys(
        self, store_id: StoreId, subjects: Mapping[Pseudonym, tuple[str, str]]
    ) -> Mapping[Pseudonym, bytes]:
        """Return the key of each subject, given its (kind, original id).

        A missing key is made, and is on disk before this returns. An erased subject is left out.
        """
        ...

    def open_keys(
        self, store_id: StoreId, subjects: Sequence[Pseudonym]
    ) -> Mapping[Pseudonym, bytes]:
        """Return the keys that still exist."""
        ...

    def reveal(self, store_id: StoreId, subjects: Sequence[Pseudonym]) -> Mapping[Pseudonym, str]:
        """Return the original ids of the subjects whose keys still exist."""
        ...

    def forget(self, store_id: StoreId, subject: Pseudonym | None) -> bool:
        """Destroy a subject's key and leave a tombstone; say whether there was a key.

        None destroys the store's own key and those of everybody in it.
        """
        ...


class Secrets(Protocol):
    """The webhook secrets of each store: several during a rotation."""

    def add(self, store_id: StoreId, secret: bytes) -> None:
        """Add a secret; adding it again changes nothing."""
        ...

    def of(self, store_id: StoreId) -> Sequence[bytes]:
        """Return the store's secrets, newest first; none for a store that is not known."""
        ...

    def remove(self, store_id: StoreId, fingerprint: str) -> bool:
        """Remove the secret whose SHA-256 begins with the fingerprint; say whether it was there."""
        ...

    def forget(self, store_id: StoreId) -> int:
        """Remove every secret of a store; say how many there were."""
        ...
