"""Whom the rows of a data folder speak of: looked through once, after it was put back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from shopwright.adapters.sqlite_database import explained
from shopwright.core.types.identity import Pseudonym, StoreId

_PEOPLE_IN_LEDGER = (
    "SELECT store_id, customer FROM order_versions WHERE customer IS NOT NULL "
    "UNION SELECT store_id, key FROM documents WHERE kind IN ('customer', 'reached') "
    "UNION SELECT store_id, entity FROM records ORDER BY 1, 2"
)
_SUBJECTS_IN_LOG = (
    "SELECT DISTINCT store_id, subject FROM events WHERE subject IS NOT NULL ORDER BY 1, 2"
)
_STORES = {
    "ledger": "SELECT DISTINCT store_id FROM documents",
    "log": "SELECT DISTINCT store_id FROM events",
}

Subject = tuple[StoreId, Pseudonym]


def people_in_ledger(path: Path) -> Iterator[Subject]:
    """Walk the customers that a ledger speaks of, by store. Nobody may be writing it.

    Orders stay when a person goes, so an order tells nothing.
    """
    return _subjects(path, _PEOPLE_IN_LEDGER)


def subjects_in_log(path: Path) -> Iterator[Subject]:
    """Walk the customers and orders under whose keys a segment of the log is sealed, by store."""
    return _subjects(path, _SUBJECTS_IN_LOG)


def stores_in(path: Path) -> list[StoreId]:
    """Return the stores that a ledger or a segment of the log speaks of."""
    sql = _STORES["ledger" if path.parent.name == "ledger" else "log"]
    return [StoreId(row[0]) for row in _rows(path, sql)]


def _subjects(path: Path, sql: str) -> Iterator[Subject]:
    return ((StoreId(row[0]), Pseudonym(row[1])) for row in _rows(path, sql))


def _rows(path: Path, sql: str) -> Iterator[tuple[str, bytes]]:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with explained(path), closing(sqlite3.connect(uri, uri=True)) as connection:
        yield from connection.execute(sql)
