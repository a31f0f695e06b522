"""Wraps everything in a file anew under another master key: all of it in one transaction, or none.

The file's proof changes in the same transaction, so a file always says which key opens it. What was
wrapped under the old key is overwritten, in the file and in its write-ahead log.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from shopwright.adapters.control_schema import open_control
from shopwright.adapters.keys_schema import open_keys_file
from shopwright.adapters.sqlite_database import Database
from shopwright.adapters.wrapping import NOBODY, Wrapping
from shopwright.core.errors import Damaged
from shopwright.core.types.identity import StoreId

BATCH_ROWS = 2_000

Watch = Callable[[int, int], None]
"""Told how many secrets of how many are done."""


class _Wrapped(NamedTuple):
    """A column of wrapped secrets, and what each is bound to."""

    table: str
    column: str
    purpose: str
    key: str
    """The columns that are the primary key, in its order."""
    store: str = "''"
    owner: str = "x''"
    """SQL for the store and the owner that the secret is bound to."""


KEY_FILE = (
    _Wrapped("proof", "wrapped", "proof", "only_row"),
    _Wrapped("store_keys", "wrapped", "store", "store_id", "store_id"),
    _Wrapped("subject_keys", "wrapped", "subject", "store_id, subject", "store_id", "subject"),
    _Wrapped("subject_keys", "original", "original", "store_id, subject", "store_id", "subject"),
)
CONTROL_FILE = (
    _Wrapped("proof", "wrapped", "proof", "only_row"),
    _Wrapped("secrets", "wrapped", "webhook", "number", "store_id", "CAST(fingerprint AS BLOB)"),
    _Wrapped("signing_key", "wrapped", "signing", "only_row"),
    _Wrapped("tokens", "wrapped", "token", "store_id", "store_id"),
)


class Rewrapping:
    """From one master key to another; ``entropy`` gives that many unpredictable bytes."""

    def __init__(
        self, old: bytes, new: bytes, *, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._old, self._new = old, new
        self._entropy = entropy

    def keys(self, path: Path, watch: Watch) -> int:
        """Wrap the key file anew; return how many secrets there were, 0 when it was done before.

        Raises Damaged when neither key opens the file, Busy when traces remain in the write-ahead
        log (calling again finishes the work), and OSError: then nothing was changed.
        """
        return self._rewrap(path, open_keys_file, KEY_FILE, watch)

    def control(self, path: Path, watch: Watch) -> int:
        """Wrap the secrets of the control file anew, as ``keys`` does."""
        return self._rewrap(path, open_control, CONTROL_FILE, watch)

    def _rewrap(
        self,
        path: Path,
        opened: Callable[[Path], Database],
        columns: Sequence[_Wrapped],
        watch: Watch,
    ) -> int:
        if not path.exists():
            return 0
        file = opened(path)
        try:
            done = 0
            if not self._is_new(file):
                old = self._wrapping(path, self._old)
                old.prove(file)
                with file.transaction() as connection:
                    done = self._all(
                        connection, columns, old, self._wrapping(path, self._new), watch
                    )
            # Also when it was done before: that run may have ended before this.
            file.erase_traces()
            return done
        finally:
            file.close()

    def _wrapping(self, path: Path, key: bytes) -> Wrapping:
        return Wrapping(path, key, entropy=self._entropy)

    def _is_new(self, file: Database) -> bool:
        if not file.rows("SELECT 1 FROM proof"):
            return False
        try:
            self._wrapping(file.path, self._new).prove(file)
        except Damaged:
            return False
        return True

    def _all(
        self,
        connection: sqlite3.Connection,
        columns: Sequence[_Wrapped],
        old: Wrapping,
        new: Wrapping,
        watch: Watch,
    ) -> int:
        count = "SELECT count({0.column}) FROM {0.table}"
        total = sum(connection.execute(count.format(one)).fetchone()[0] for one in columns)
        done = 0
        watch(done, total)
        for column in columns:
            after: Sequence[object] = ()
            while rows := connection.execute(*_page(column, after)).fetchall():
                after = rows[-1][3:]
                connection.executemany(
                    f"UPDATE {column.table} SET {column.column} = ? "
                    f"WHERE ({column.key}) = ({_marks(column)})",
                    [(_again(column, row, old, new), *row[3:]) for row in rows],
                )
                done += len(rows)
                watch(done, total)
        return done


def _page(column: _Wrapped, after: Sequence[object]) -> tuple[str, Sequence[object]]:
    """Return the query of the next rows: wrapped, store, owner, and the primary key."""
    beyond = f"AND ({column.key}) > ({_marks(column)})" if after else ""
    return (
        f"SELECT {column.column}, {column.store}, {column.owner}, {column.key} "
        f"FROM {column.table} WHERE {column.column} IS NOT NULL {beyond} "
        f"ORDER BY {column.key} LIMIT {BATCH_ROWS}",
        after,
    )


def _marks(column: _Wrapped) -> str:
    return ", ".join("?" for _ in column.key.split(","))


def _again(column: _Wrapped, row: Sequence[bytes], old: Wrapping, new: Wrapping) -> bytes:
    store_id = StoreId(str(row[1])) if row[1] else NOBODY
    secret = old.unwrap(row[0], store_id, column.purpose, row[2])
    return new.wrap(secret, store_id, column.purpose, row[2])
