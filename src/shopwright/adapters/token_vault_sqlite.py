"""Credentials on SQLite: each wrapped whole under the master key.

The file is read anew each time: another process may have renewed the tokens a moment ago.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from shopwright.adapters.control_schema import open_control
from shopwright.adapters.wrapping import Wrapping
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged
from shopwright.core.types.connection import Credential
from shopwright.core.types.identity import StoreId

PURPOSE = "token"


class SqliteTokenVault:
    """The credentials in ``control.db``. Raises Damaged when the master key is another."""

    def __init__(
        self,
        path: Path,
        master_key: bytes,
        *,
        key_from: str = "the master key file",
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._path = path
        self._wrapping = Wrapping(path, master_key, key_from=key_from, entropy=entropy)
        self._file = open_control(path)
        try:
            self._wrapping.prove(self._file)
        except BaseException:
            self._file.close()
            raise

    def put(self, credential: Credential) -> None:
        """Keep a credential in place of the store's earlier one; on return it is on disk."""
        store_id = credential.store_id
        wrapped = self._wrapping.wrap(msgspec.json.encode(credential), store_id, PURPOSE)
        with self._file.transaction() as connection:
            self._wrapping.check_unrotated(connection)
            connection.execute(
                "INSERT INTO tokens (store_id, wrapped) VALUES (?, ?) "
                "ON CONFLICT (store_id) DO UPDATE SET wrapped = excluded.wrapped",
                (store_id, wrapped),
            )

    def get(self, store_id: StoreId) -> Credential | None:
        """Return a store's credential as it is on disk now, None without one. Raises Damaged."""
        rows = self._file.rows("SELECT wrapped FROM tokens WHERE store_id = ?", (store_id,))
        if not rows:
            return None
        opened = self._wrapping.unwrap(rows[0][0], store_id, PURPOSE)
        try:
            return msgspec.json.decode(opened, type=Credential)
        except NOT_DECODABLE as error:
            raise Damaged(
                f"{self._path}: the credential of {store_id} cannot be read; connect the store "
                "again"
            ) from error

    def forget(self, store_id: StoreId) -> bool:
        """Destroy a store's credential; say whether there was one. Raises Busy; ask again then."""
        with self._file.transaction() as connection:
            deleted = connection.execute("DELETE FROM tokens WHERE store_id = ?", (store_id,))
        self._file.erase_traces()
        return deleted.rowcount > 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()
