"""Ledger on SQLite: one file, one writing process, one transaction for all that a batch changes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from shopwright.adapters.ledger_commit import next_revision, write
from shopwright.adapters.ledger_forget import forget, forget_store
from shopwright.adapters.ledger_rows import ORDER_COLUMNS, decode_tellings, to_order
from shopwright.adapters.ledger_schema import open_ledger
from shopwright.adapters.locks import WriterLock, make_folder
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, LedgerChanges, Telling
from shopwright.core.types.log import Position
from shopwright.core.types.order import OrderVersion

_TELLINGS = "SELECT tellings FROM documents WHERE store_id = ? AND kind = ? AND key = ?"
_ORDERS_OF = (
    # Without the hint SQLite walks a whole store, because that gives the wanted order for nothing.
    f"SELECT {ORDER_COLUMNS} FROM order_versions INDEXED BY order_versions_of_customer "
    "WHERE store_id = ? AND customer = ? ORDER BY order_key, version"
)


class SqliteLedger:
    """The ledger in a file. Raises Busy while another process writes it.

    With ``read_only`` it may be opened beside the writer; then ``commit`` and ``forget`` raise
    OSError.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        make_folder(path.parent)
        self._lock = None if read_only else WriterLock(path.with_suffix(".lock"), "the ledger")
        try:
            self._file = open_ledger(path, query_only=read_only)
        except BaseException:
            self._unlock()
            raise

    def through(self) -> Position:
        """Return the log position that the last commit reached."""
        rows = self._file.rows("SELECT partition, offset FROM position ORDER BY partition")
        return Position(dict(rows))

    def tellings(self, documents: Sequence[Document]) -> Mapping[Document, Sequence[Telling]]:
        """Return what was told of each document; one never told of is left out."""
        stored = self._file.rows_of_each(_TELLINGS, documents)
        return {
            document: decode_tellings(rows[0][0], self._file.path)
            for document, rows in zip(documents, stored, strict=True)
            if rows
        }

    def orders_of(
        self, store_id: StoreId, customers: Sequence[Pseudonym]
    ) -> Mapping[Pseudonym, Sequence[OrderVersion]]:
        """Return, for each customer, the versions that name that customer; none is a tuple too."""
        found = self._file.rows_of_each(_ORDERS_OF, ((store_id, who) for who in customers))
        return {
            customer: tuple(to_order(row, self._file.path) for row in rows)
            for customer, rows in zip(customers, found, strict=True)
        }

    def commit(self, changes: LedgerChanges) -> int:
        """Apply the changes in one durable transaction; return its revision.

        A position is kept for every partition ever named. Raises OSError with the file's name when
        the disk is full or fails: then nothing was changed.
        """
        with self._file.transaction() as connection:
            revision = next_revision(connection)
            write(connection, changes, revision)
        return revision

    def forget(self, store_id: StoreId, customer: Pseudonym | None) -> int:
        """Take the customer out of versions, tellings, records and dead letters.

        The orders stay, without their customer and no longer valid; their months count as changed.
        None removes all that the ledger holds of the store, and counts its orders.
        Reads every document of the store: seconds for a million orders. Raises Busy when traces
        remain in the write-ahead log; calling again finishes the work.
        """
        with self._file.transaction() as connection:
            revision = next_revision(connection)
            if customer is None:
                orders = forget_store(connection, store_id)
            else:
                orders = forget(connection, self._file.path, store_id, customer, revision)
        self._file.erase_traces()
        return orders

    def close(self) -> None:
        """Close the file and let another process write."""
        self._file.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
