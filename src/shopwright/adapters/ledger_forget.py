"""Takes a customer out of the ledger, inside the caller's transaction."""

import sqlite3
from pathlib import Path

from shopwright.adapters.ledger_commit import mark_changed
from shopwright.adapters.ledger_rows import decode_tellings, encode_tellings
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.privacy.erasure import without_customer

_OF_STORES = (
    "documents",
    "order_versions",
    "product_versions",
    "records",
    "changed_months",
    "dead_letters",
)
"""The tables that speak of stores."""


def forget(
    connection: sqlite3.Connection,
    path: Path,
    store_id: StoreId,
    customer: Pseudonym,
    revision: int,
) -> int:
    """Remove the customer from versions, tellings and records; return the orders concerned.

    Given an order's pseudonym, what is told of the order stays; its dead letters go.
    """
    orders = _from_versions(connection, store_id, customer, revision)
    orders |= _from_tellings(connection, path, store_id, customer, revision)
    who = (store_id, customer)
    connection.execute("DELETE FROM records WHERE store_id = ? AND entity = ?", who)
    connection.execute("DELETE FROM dead_letters WHERE store_id = ? AND subject = ?", who)
    return len(orders)


def forget_store(connection: sqlite3.Connection, store_id: StoreId) -> int:
    """Remove every row of a store; return how many orders there were."""
    (orders,) = connection.execute(
        "SELECT count(*) FROM (SELECT order_key FROM order_versions WHERE store_id = ? "
        "UNION SELECT key FROM documents WHERE store_id = ? AND kind = 'order')",
        (store_id, store_id),
    ).fetchone()
    for table in _OF_STORES:
        connection.execute(f"DELETE FROM {table} WHERE store_id = ?", (store_id,))
    return int(orders)


def _from_versions(
    connection: sqlite3.Connection, store_id: StoreId, customer: Pseudonym, revision: int
) -> set[bytes]:
    who = (store_id, customer)
    named = connection.execute(
        "SELECT order_key, month FROM order_versions WHERE store_id = ? AND customer = ?", who
    ).fetchall()
    connection.execute(
        f"UPDATE order_versions SET customer = NULL, valid = 0, revision = {revision:d} "
        "WHERE store_id = ? AND customer = ?",
        who,
    )
    mark_changed(connection, {(store_id, month) for _, month in named}, revision)
    return {order for order, _ in named}


def _from_tellings(
    connection: sqlite3.Connection,
    path: Path,
    store_id: StoreId,
    customer: Pseudonym,
    revision: int,
) -> set[bytes]:
    """Search the bytes of every document: 16 random bytes stand nowhere by chance."""
    found = connection.execute(
        "SELECT id, kind, key, tellings FROM documents "
        "WHERE store_id = ? AND (instr(tellings, ?) > 0 OR (kind = 'customer' AND key = ?))",
        (store_id, customer, customer),
    ).fetchall()
    orders = set()
    for document, kind, key, stored in found:
        told = decode_tellings(stored, path)
        left = without_customer(told, customer)
        if left == told:
            continue
        if left:
            connection.execute(
                "UPDATE documents SET tellings = ?, revision = ? WHERE id = ?",
                (encode_tellings(left), revision, document),
            )
        else:
            connection.execute("DELETE FROM documents WHERE id = ?", (document,))
        if kind == "order":
            orders.add(key)
    return orders
