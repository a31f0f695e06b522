"""Connections and the slices of their backfills on SQLite, in ``control.db``, as JSON documents."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from shopwright.adapters.control_schema import open_control
from shopwright.core.types.connection import Connection, Slice
from shopwright.core.types.identity import StoreId


class SqliteConnections:
    """What is known of each connected store."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)

    def put(self, connection: Connection) -> None:
        """Keep it in place of what was known before."""
        with self._file.transaction() as file:
            _put(file, connection)

    def change(
        self, store_id: StoreId, how: Callable[[Connection], Connection]
    ) -> Connection | None:
        """Change what is known in one transaction; None for a store that was never connected."""
        with self._file.transaction() as file:
            found = file.execute(
                "SELECT document FROM connections WHERE store_id = ?", (store_id,)
            ).fetchone()
            if found is None:
                return None
            before = _CONNECTION.decode(found[0])
            changed = how(before)
            if changed != before:
                _put(file, changed)
            return changed

    def get(self, store_id: StoreId) -> Connection | None:
        """Return a store's connection, None for a store that was never connected."""
        rows = self._file.rows("SELECT document FROM connections WHERE store_id = ?", (store_id,))
        return _CONNECTION.decode(rows[0][0]) if rows else None

    def all(self) -> Sequence[Connection]:
        """Return every connection, by store."""
        rows = self._file.rows("SELECT document FROM connections ORDER BY store_id")
        return tuple(_CONNECTION.decode(row[0]) for row in rows)

    def forget(self, store_id: StoreId) -> bool:
        """Remove a connection; say whether it was there."""
        with self._file.transaction() as file:
            gone = file.execute("DELETE FROM connections WHERE store_id = ?", (store_id,))
        self._file.erase_traces()
        return gone.rowcount > 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class SqliteSlices:
    """How far each store's backfill has come."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)

    def put(self, one: Slice) -> None:
        """Keep a slice in place of what was known of it before."""
        with self._file.transaction() as file:
            file.execute(
                "INSERT INTO slices (store_id, name, document) VALUES (?, ?, ?) "
                "ON CONFLICT (store_id, name) DO UPDATE SET document = excluded.document",
                (one.store_id, one.name, msgspec.json.encode(one)),
            )

    def of(self, store_id: StoreId) -> Sequence[Slice]:
        """Return a store's slices, by name."""
        rows = self._file.rows(
            "SELECT document FROM slices WHERE store_id = ? ORDER BY name", (store_id,)
        )
        return tuple(_SLICE.decode(row[0]) for row in rows)

    def forget(self, store_id: StoreId) -> int:
        """Remove every slice of a store; say how many there were."""
        with self._file.transaction() as file:
            gone = file.execute("DELETE FROM slices WHERE store_id = ?", (store_id,))
        self._file.erase_traces()
        return gone.rowcount

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _put(file: sqlite3.Connection, connection: Connection) -> None:
    file.execute(
        "INSERT INTO connections (store_id, document) VALUES (?, ?) "
        "ON CONFLICT (store_id) DO UPDATE SET document = excluded.document",
        (connection.store_id, msgspec.json.encode(connection)),
    )


_CONNECTION = msgspec.json.Decoder(Connection)
_SLICE = msgspec.json.Decoder(Slice)
