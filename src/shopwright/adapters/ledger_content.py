"""A whole ledger file as it stood at one instant, walked beside its writer."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from shopwright.adapters.ledger_rows import (
    ORDER_COLUMNS,
    PRODUCT_COLUMNS,
    RECORD_COLUMNS,
    decode_tellings,
    to_order,
    to_packed,
    to_product,
)
from shopwright.adapters.ledger_schema import REVISION, open_ledger
from shopwright.adapters.sqlite_database import Database, explained
from shopwright.adapters.sqlite_file import LEDGER
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import Document, Telling
from shopwright.core.types.log import Position
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.product import ProductVersion

ROWS_AT_ONCE = 1_000


class SqliteLedgerContent:
    """Everything in a ledger file, as of the instant at which this was made, until it is closed.

    The writer goes on beside it; its write-ahead log grows until this is closed. Every method
    raises Damaged naming the file when a page or a row cannot be read.
    """

    def __init__(self, path: Path, *, still: bool = False) -> None:
        """Open the file as it is now; ``still`` when it is a copy in which nobody can write."""
        self._path = path
        self._file = _open_still(path) if still else open_ledger(path, query_only=True)
        self._held = ExitStack()
        self._held.callback(self._file.close)
        try:
            self.connection: Connection = self._held.enter_context(self._file.snapshot())
            # The snapshot begins with the first look.
            self._revision = int(self._one(REVISION))
            self._through = dict(self._walk("SELECT partition, offset FROM position"))
        except BaseException:
            self.close()
            raise

    def revision(self) -> int:
        """Return the revision of the last commit."""
        return self._revision

    def through(self) -> Position:
        """Return the log position that the last commit reached."""
        return Position(dict(self._through))

    def documents(self) -> Iterator[tuple[Document, Sequence[Telling]]]:
        """Walk the documents by store, kind and key, with all that was told of each."""
        sql = "SELECT store_id, kind, key, tellings FROM documents ORDER BY store_id, kind, key"
        for store_id, kind, key, stored in self._walk(sql):
            yield Document(StoreId(store_id), kind, key), decode_tellings(stored, self._path)

    def order_versions(self) -> Iterator[OrderVersion]:
        """Walk the order versions by store, order and version."""
        order = "store_id, order_key, version"
        sql = f"SELECT {ORDER_COLUMNS} FROM order_versions ORDER BY {order}"
        return (to_order(row, self._path) for row in self._walk(sql))

    def product_versions(self) -> Iterator[ProductVersion]:
        """Walk the product versions by store, product and version."""
        order = "store_id, product_id, version"
        sql = f"SELECT {PRODUCT_COLUMNS} FROM product_versions ORDER BY {order}"
        return (to_product(row, self._path) for row in self._walk(sql))

    def packed_records(self, view: str) -> Iterator[PackedRecord]:
        """Walk a view's packed records by store and entity."""
        sql = f"SELECT {RECORD_COLUMNS} FROM records WHERE view = ? ORDER BY store_id, entity"
        return (to_packed(row) for row in self._walk(sql, view))

    def integrity(self) -> str:
        """Return what SQLite finds wrong with the file; ``ok`` when it is whole."""
        return str(self._one("PRAGMA integrity_check(1)"))

    def close(self) -> None:
        """Let go of the instant and close the file."""
        self._held.close()

    def _one(self, sql: str) -> Any:
        with explained(self._path, LEDGER.remedy):
            return self.connection.execute(sql).fetchone()[0]

    def _walk(self, sql: str, *parameters: str) -> Iterator[tuple[Any, ...]]:
        with explained(self._path, LEDGER.remedy):
            cursor = self.connection.execute(sql, parameters)
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield from rows


def _open_still(path: Path) -> Database:
    """Open a copy without leaving a trace beside it; its folder may be read-only."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with explained(path, LEDGER.remedy):
        return Database(path, sqlite3.connect(uri, uri=True, isolation_level=None), LEDGER.remedy)
