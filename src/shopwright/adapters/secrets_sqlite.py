"""Secrets on SQLite: each wrapped under the master key, opened ones kept while they are the same.

Asking for a store that is not known reads no more of the disk than asking for one that is: the time
it takes must not tell them apart.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

from shopwright.adapters.control_schema import open_control
from shopwright.adapters.wrapping import Wrapping
from shopwright.core.types.identity import StoreId
from shopwright.privacy.fingerprints import fingerprint, named

_OF_ALL = "SELECT store_id, fingerprint, wrapped FROM secrets ORDER BY number DESC"
_OF_STORE = "SELECT fingerprint, wrapped FROM secrets WHERE store_id = ? ORDER BY number DESC"
_UNREAD = -1
"""The version of no file: what is in memory may be behind."""


class SqliteSecrets:
    """The webhook secrets in ``control.db``. Raises Damaged when the master key is another."""

    def __init__(
        self,
        path: Path,
        master_key: bytes,
        *,
        key_from: str = "the master key file",
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._wrapping = Wrapping(path, master_key, key_from=key_from, entropy=entropy)
        self._turn = Lock()
        self._version = _UNREAD
        self._wrapped: dict[StoreId, list[tuple[str, bytes]]] = {}
        self._opened: dict[StoreId, tuple[bytes, ...]] = {}
        self._file = open_control(path)
        try:
            self._wrapping.prove(self._file)
        except BaseException:
            self._file.close()
            raise

    def add(self, store_id: StoreId, secret: bytes) -> None:
        """Add a secret; adding it again changes nothing."""
        name = fingerprint(secret)
        wrapped = self._wrapping.wrap(secret, store_id, "webhook", name.encode())
        with self._turn:
            with self._file.transaction() as connection:
                self._wrapping.check_unrotated(connection)
                connection.execute(
                    "INSERT INTO secrets (store_id, fingerprint, wrapped) VALUES (?, ?, ?) "
                    "ON CONFLICT DO NOTHING",
                    (store_id, name, wrapped),
                )
            self._drop()

    def of(self, store_id: StoreId) -> Sequence[bytes]:
        """Return the store's secrets, newest first; costs a few µs while the file is unchanged."""
        with self._turn:
            self._read_what_changed()
            found = self._opened.get(store_id, ())
            return found if found or store_id not in self._wrapped else self._open(store_id)

    def _open(self, store_id: StoreId) -> tuple[bytes, ...]:
        opened = tuple(
            self._wrapping.unwrap(wrapped, store_id, "webhook", name.encode())
            for name, wrapped in self._wrapped[store_id]
        )
        self._opened[store_id] = opened
        return opened

    def _read_what_changed(self) -> None:
        version = self._file.version()
        if version == self._version:
            return
        wrapped: dict[StoreId, list[tuple[str, bytes]]] = {}
        for store_id, name, one in self._file.rows(_OF_ALL):
            wrapped.setdefault(StoreId(store_id), []).append((name, one))
        self._opened = {
            store_id: opened
            for store_id, opened in self._opened.items()
            if self._wrapped[store_id] == wrapped.get(store_id)
        }
        self._wrapped, self._version = wrapped, version

    def _drop(self) -> None:
        self._opened.clear()
        self._version = _UNREAD

    def remove(self, store_id: StoreId, fingerprint: str) -> bool:
        """Remove the secret whose SHA-256 begins so; say whether it was there.

        Raises BadInput for fewer than 8 hex digits, or for digits that name two secrets.
        """
        with self._turn:
            names = [name for name, _ in self._file.rows(_OF_STORE, (store_id,))]
            whole = named(names, fingerprint)
            if whole is None:
                return False
            with self._file.transaction() as connection:
                deleted = connection.execute(
                    "DELETE FROM secrets WHERE store_id = ? AND fingerprint = ?", (store_id, whole)
                )
            self._drop()
            self._file.erase_traces()
            return deleted.rowcount > 0

    def forget(self, store_id: StoreId) -> int:
        """Remove every secret of a store; say how many there were. Raises Busy; ask again then."""
        with self._turn:
            with self._file.transaction() as connection:
                deleted = connection.execute("DELETE FROM secrets WHERE store_id = ?", (store_id,))
            self._drop()
            self._file.erase_traces()
            return deleted.rowcount

    def close(self) -> None:
        """Close the file and drop the secrets in memory."""
        self._drop()
        self._file.close()
