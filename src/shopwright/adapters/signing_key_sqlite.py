"""The key that signs receipts, in ``control.db``, wrapped under the master key."""

import os
from collections.abc import Callable
from pathlib import Path

from shopwright.adapters.control_schema import open_control
from shopwright.adapters.wrapping import NOBODY, Wrapping

PURPOSE = "signing"
KEY_BYTES = 32


class SqliteSigningKey:
    """One Ed25519 key an installation. Raises Damaged when the master key is another."""

    def __init__(
        self,
        path: Path,
        master_key: bytes,
        *,
        key_from: str = "the master key file",
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._wrapping = Wrapping(path, master_key, key_from=key_from, entropy=entropy)
        self._file = open_control(path)

    def private(self) -> bytes:
        """Return the 32 bytes of the private key; it is made, durably, on first use."""
        rows = self._file.rows("SELECT wrapped FROM signing_key")
        if not rows:
            new = self._wrapping.wrap(self._wrapping.entropy(KEY_BYTES), NOBODY, PURPOSE)
            with self._file.transaction() as connection:
                connection.execute(
                    "INSERT INTO signing_key (only_row, wrapped) VALUES (1, ?) "
                    "ON CONFLICT DO NOTHING",
                    (new,),
                )
            rows = self._file.rows("SELECT wrapped FROM signing_key")
        return self._wrapping.unwrap(rows[0][0], NOBODY, PURPOSE)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
