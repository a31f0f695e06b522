"""The socket of the list of stores."""

from collections.abc import Sequence
from typing import Protocol

from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store


class Stores(Protocol):
    """The stores that were added."""

    def put(self, store: Store) -> None:
        """Add a store. Raises BadInput when it is there with another currency."""
        ...

    def get(self, store_id: StoreId) -> Store:
        """Return a store. Raises UnknownStore."""
        ...

    def all(self) -> Sequence[Store]:
        """Return every store, by domain."""
        ...

    def forget(self, store_id: StoreId) -> bool:
        """Remove a store from the list; say whether it was there."""
        ...
