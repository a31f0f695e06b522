"""What one commit writes into the ledger, table by table, inside the caller's transaction."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from shopwright.adapters.ledger_rows import (
    ORDER_COLUMNS,
    PRODUCT_COLUMNS,
    encode_tellings,
    from_order,
    from_product,
)
from shopwright.adapters.ledger_schema import REVISION
from shopwright.adapters.months import month_of, stock_months_of
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import (
    PRODUCTS,
    DeadLetter,
    Document,
    LedgerChanges,
    Telling,
)
from shopwright.core.types.log import Position
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.product import ProductVersion

_CHANGED = "ON CONFLICT (store_id, month) DO UPDATE SET revision = excluded.revision"


def next_revision(connection: sqlite3.Connection) -> int:
    """Count one more commit and return its revision."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'revision'")
    return int(connection.execute(REVISION).fetchone()[0])


def write(connection: sqlite3.Connection, changes: LedgerChanges, revision: int) -> None:
    """Write all that the changes hold."""
    _write_tellings(connection, changes.tellings, revision)
    _write_orders(connection, changes.orders, revision)
    _write_products(connection, changes.products, revision)
    _write_records(connection, changes.records, revision)
    _settle_dead_letters(connection, changes.settled)
    _write_dead_letters(connection, changes.dead_letters, revision)
    _write_position(connection, changes.through)


def mark_changed(
    connection: sqlite3.Connection, months: Iterable[tuple[StoreId, str]], revision: int
) -> None:
    """Note that these partitions must be copied again."""
    connection.executemany(
        f"INSERT INTO changed_months (store_id, month, revision) VALUES (?, ?, ?) {_CHANGED}",
        [(store_id, month, revision) for store_id, month in months],
    )


def _write_tellings(
    connection: sqlite3.Connection,
    tellings: Mapping[Document, Sequence[Telling]],
    revision: int,
) -> None:
    connection.executemany(
        "INSERT INTO documents (store_id, kind, key, tellings, revision) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (store_id, kind, key) "
        "DO UPDATE SET tellings = excluded.tellings, revision = excluded.revision",
        [(*document, encode_tellings(told), revision) for document, told in tellings.items()],
    )
    mark_changed(connection, stock_months_of(tellings), revision)


def _write_orders(
    connection: sqlite3.Connection,
    orders: Mapping[Document, Sequence[OrderVersion]],
    revision: int,
) -> None:
    keys = [(document.store_id, document.key) for document in orders]
    # First the months in which the orders stood: one that an order leaves has changed as well.
    connection.executemany(
        "INSERT INTO changed_months (store_id, month, revision) "
        f"SELECT store_id, month, {revision:d} FROM order_versions "
        f"WHERE store_id = ? AND order_key = ? {_CHANGED}",
        keys,
    )
    connection.executemany("DELETE FROM order_versions WHERE store_id = ? AND order_key = ?", keys)
    versions = [version for chain in orders.values() for version in chain]
    connection.executemany(
        f"INSERT INTO order_versions ({ORDER_COLUMNS}, month, revision) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [from_order(version, revision) for version in versions],
    )
    months = {(version.store_id, month_of(version.occurred_us)) for version in versions}
    mark_changed(connection, months, revision)


def _write_products(
    connection: sqlite3.Connection,
    products: Mapping[Document, Sequence[ProductVersion]],
    revision: int,
) -> None:
    connection.executemany(
        "DELETE FROM product_versions WHERE store_id = ? AND product_id = ?",
        [(document.store_id, document.key.decode()) for document in products],
    )
    connection.executemany(
        f"INSERT INTO product_versions ({PRODUCT_COLUMNS}, revision) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [from_product(version, revision) for chain in products.values() for version in chain],
    )
    stores = {(document.store_id, PRODUCTS) for document in products}
    mark_changed(connection, stores, revision)


def _write_records(
    connection: sqlite3.Connection, records: Sequence[PackedRecord], revision: int
) -> None:
    connection.executemany(
        "INSERT INTO records (store_id, view, entity, revision, received_us, state) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (store_id, view, entity) DO UPDATE SET "
        "revision = excluded.revision, received_us = excluded.received_us, state = excluded.state",
        [
            (
                record.store_id,
                record.view,
                record.entity,
                revision,
                record.received_us,
                record.state,
            )
            for record in records
            if record.state
        ],
    )
    connection.executemany(
        "DELETE FROM records WHERE store_id = ? AND view = ? AND entity = ?",
        [(record.store_id, record.view, record.entity) for record in records if not record.state],
    )


def _settle_dead_letters(
    connection: sqlite3.Connection, settled: Sequence[tuple[str, int]]
) -> None:
    connection.executemany("DELETE FROM dead_letters WHERE partition = ? AND offset = ?", settled)


def _write_dead_letters(
    connection: sqlite3.Connection, letters: Sequence[DeadLetter], revision: int
) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO dead_letters "
        "(partition, offset, store_id, topic, reason, failed_us, subject, attempts, revision) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                letter.partition,
                letter.offset,
                letter.store_id,
                letter.topic,
                letter.reason,
                letter.failed_us,
                letter.subject,
                letter.attempts,
                revision,
            )
            for letter in letters
        ],
    )


def _write_position(connection: sqlite3.Connection, through: Position) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO position (partition, offset) VALUES (?, ?)", list(through.items())
    )
