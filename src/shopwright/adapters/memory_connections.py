"""Credentials, leases, connections and slices in memory, for tests and short lives."""

from collections.abc import Callable, Sequence
from threading import Lock

from shopwright.core.types.connection import Connection, Credential, Slice
from shopwright.core.types.identity import StoreId


class MemoryTokenVault:
    """Credentials in memory."""

    def __init__(self) -> None:
        self._credentials: dict[StoreId, Credential] = {}

    def put(self, credential: Credential) -> None:
        """Keep a credential in place of the store's earlier one."""
        self._credentials[credential.store_id] = credential

    def get(self, store_id: StoreId) -> Credential | None:
        """Return a store's credential, None without one."""
        return self._credentials.get(store_id)

    def forget(self, store_id: StoreId) -> bool:
        """Forget a store's credential; say whether there was one."""
        return self._credentials.pop(store_id, None) is not None


class MemoryLeases:
    """Leases of the threads of one process."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._held: dict[str, tuple[str, int]] = {}

    def take(self, name: str, holder: str, now_us: int, until_us: int) -> bool:
        """Take or extend a lease; False while another holder has it."""
        with self._turn:
            found = self._held.get(name)
            if found is not None and found[0] != holder and found[1] > now_us:
                return False
            self._held[name] = (holder, until_us)
            return True

    def release(self, name: str, holder: str) -> None:
        """Give a lease back."""
        with self._turn:
            if self._held.get(name, ("", 0))[0] == holder:
                del self._held[name]


class MemoryConnections:
    """What is known of each connected store, in memory."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._all: dict[StoreId, Connection] = {}

    def put(self, connection: Connection) -> None:
        """Keep it in place of what was known before."""
        with self._turn:
            self._all[connection.store_id] = connection

    def change(
        self, store_id: StoreId, how: Callable[[Connection], Connection]
    ) -> Connection | None:
        """Change what is known; None for a store that was never connected."""
        with self._turn:
            if store_id not in self._all:
                return None
            self._all[store_id] = how(self._all[store_id])
            return self._all[store_id]

    def get(self, store_id: StoreId) -> Connection | None:
        """Return a store's connection, None for a store that was never connected."""
        return self._all.get(store_id)

    def all(self) -> Sequence[Connection]:
        """Return every connection, by store."""
        return tuple(self._all[store_id] for store_id in sorted(self._all))

    def forget(self, store_id: StoreId) -> bool:
        """Remove a connection; say whether it was there."""
        return self._all.pop(store_id, None) is not None


class MemorySlices:
    """How far each store's backfill has come, in memory."""

    def __init__(self) -> None:
        self._all: dict[tuple[StoreId, str], Slice] = {}

    def put(self, one: Slice) -> None:
        """Keep a slice in place of what was known of it before."""
        self._all[one.store_id, one.name] = one

    def of(self, store_id: StoreId) -> Sequence[Slice]:
        """Return a store's slices, by name."""
        return tuple(self._all[key] for key in sorted(self._all) if key[0] == store_id)

    def forget(self, store_id: StoreId) -> int:
        """Remove every slice of a store; say how many there were."""
        gone = [key for key in self._all if key[0] == store_id]
        for key in gone:
            del self._all[key]
        return len(gone)
