"""Wraps what a file keeps secret under the master key, and says which file it was when it fails."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from shopwright.adapters.sqlite_database import Database
from shopwright.core.errors import Busy, Damaged, TooNew
from shopwright.core.types.identity import StoreId
from shopwright.privacy.master import unwrap, wrap
from shopwright.privacy.sealing import NONCE_BYTES

NOBODY = StoreId("")
_PROOF = b"shopwright"
_STORED_PROOF = "SELECT wrapped FROM proof"

PROOF_TABLE = """CREATE TABLE proof (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    wrapped BLOB NOT NULL
) STRICT"""


class Wrapping:
    """The master key at work for one file.

    ``key_from`` says where the master key came from; ``entropy`` gives that many unpredictable
    bytes.
    """

    def __init__(
        self,
        path: Path,
        master_key: bytes,
        *,
        key_from: str = "the master key file",
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._path = path
        self._master_key = master_key
        self._key_from = key_from
        self._proof = b""
        self.entropy = entropy

    def wrap(self, secret: bytes, store_id: StoreId, purpose: str, owner: bytes = b"") -> bytes:
        """Return the secret wrapped for its place."""
        nonce = self.entropy(NONCE_BYTES)
        return wrap(
            self._master_key, secret, store_id=store_id, purpose=purpose, owner=owner, nonce=nonce
        )

    def unwrap(self, wrapped: bytes, store_id: StoreId, purpose: str, owner: bytes = b"") -> bytes:
        """Return the secret. Raises Damaged or TooNew naming the file."""
        try:
            return unwrap(
                self._master_key, wrapped, store_id=store_id, purpose=purpose, owner=owner
            )
        except Damaged as error:
            raise type(error)(f"{self._path}: {error}") from error

    def prove(self, file: Database) -> None:
        """Find out at once whether this master key is the file's, not at the first webhook.

        A new file takes the key as its own. Raises Damaged when it was made with another one.
        """
        rows = file.rows(_STORED_PROOF)
        if not rows:
            with file.transaction() as connection:
                connection.execute(
                    "INSERT INTO proof (only_row, wrapped) VALUES (1, ?) ON CONFLICT DO NOTHING",
                    (self.wrap(_PROOF, NOBODY, "proof"),),
                )
            rows = file.rows(_STORED_PROOF)
        try:
            unwrap(self._master_key, rows[0][0], store_id=NOBODY, purpose="proof", owner=b"")
        except TooNew:
            raise
        except Damaged as error:
            raise Damaged(
                f"{self._path}: this file does not open with the master key of {self._key_from}; "
                "that key file belongs to another data folder, or was made anew: use the master "
                "key that this folder began with"
            ) from error
        self._proof = rows[0][0]

    def check_unrotated(self, connection: sqlite3.Connection) -> None:
        """Raise Busy when the file got another master key since it was opened.

        Whoever went on wrapping with the old key would write what nobody can open.
        """
        if connection.execute(_STORED_PROOF).fetchone()[0] != self._proof:
            raise Busy(
                f"{self._path}: the master key was changed while this process ran; start it again"
            )
