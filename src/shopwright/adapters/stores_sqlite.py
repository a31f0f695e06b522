"""Stores on SQLite, in ``control.db``."""

from collections.abc import Sequence
from pathlib import Path

from shopwright.adapters.control_schema import open_control
from shopwright.adapters.store_currency import check_currency_stays
from shopwright.core.errors import UnknownStore
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store

_COLUMNS = "store_id, currency, timezone, added_us"


class SqliteStores:
    """The stores that were added."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)

    def put(self, store: Store) -> None:
        """Add a store, or change its time zone; when it was added stays.

        Raises BadInput when it is there with another currency.
        """
        with self._file.transaction() as connection:
            connection.execute(
                f"INSERT INTO stores ({_COLUMNS}) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (store_id) DO UPDATE SET timezone = excluded.timezone "
                "WHERE currency = excluded.currency",
                (store.store_id, store.currency, store.timezone, store.added_us),
            )
            (currency,) = connection.execute(
                "SELECT currency FROM stores WHERE store_id = ?", (store.store_id,)
            ).fetchone()
            check_currency_stays(store, currency)

    def get(self, store_id: StoreId) -> Store:
        """Return a store. Raises UnknownStore."""
        rows = self._file.rows(f"SELECT {_COLUMNS} FROM stores WHERE store_id = ?", (store_id,))
        if not rows:
            raise UnknownStore(store_id)
        return _to_store(rows[0])

    def all(self) -> Sequence[Store]:
        """Return every store, by domain."""
        rows = self._file.rows(f"SELECT {_COLUMNS} FROM stores ORDER BY store_id")
        return tuple(_to_store(row) for row in rows)

    def forget(self, store_id: StoreId) -> bool:
        """Remove a store from the list; say whether it was there. Raises Busy; ask again then."""
        with self._file.transaction() as connection:
            deleted = connection.execute("DELETE FROM stores WHERE store_id = ?", (store_id,))
        self._file.erase_traces()
        return deleted.rowcount > 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _to_store(row: tuple[str, str, str, int]) -> Store:
    store_id, currency, timezone, added_us = row
    return Store(
        store_id=StoreId(store_id), currency=currency, timezone=timezone, added_us=added_us
    )
