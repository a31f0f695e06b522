"""LedgerFeed and LedgerHistory on SQLite: reads the ledger's file beside its writer."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

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
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import STOCK, DeadLetter, Document, MonthPartition
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.product import ProductVersion
from shopwright.core.types.stock import LevelFact
from shopwright.events import stock

ROWS_AT_ONCE = 1_000

_RECORDS = (
    f"SELECT {RECORD_COLUMNS} FROM records WHERE view = ? AND revision > ? "
    "ORDER BY revision, store_id, entity LIMIT ?"
)
_RECORDS_OF_REVISION = (
    f"SELECT {RECORD_COLUMNS} FROM records WHERE view = ? AND revision = ? "
    "ORDER BY store_id, entity"
)


class SqliteLedgerFeed:
    """What changed in a ledger file since a revision."""

    def __init__(self, path: Path) -> None:
        self._file = open_ledger(path, query_only=True)

    def revision(self) -> int:
        """Return the revision of the last commit; 0 before the first."""
        return self._file.number(REVISION) or 0

    def records(self, view: str, after: int, limit: int) -> Sequence[PackedRecord]:
        """Return packed records with revision > after, whole revisions only."""
        with self._file.snapshot() as connection:
            rows = connection.execute(_RECORDS, (view, after, limit + 1)).fetchall()
            if len(rows) > limit:
                cut = rows[-1][3]
                whole = [row for row in rows if row[3] < cut]
                rows = whole or connection.execute(_RECORDS_OF_REVISION, (view, cut)).fetchall()
        return tuple(to_packed(row) for row in rows)

    def packed(
        self, store_id: StoreId, view: str, entities: Sequence[Pseudonym] | None
    ) -> Mapping[Pseudonym, PackedRecord]:
        """Return the packed records that exist of these entities; None asks for all."""
        of_view = f"SELECT {RECORD_COLUMNS} FROM records WHERE store_id = ? AND view = ?"
        if entities is None:
            rows = self._file.rows(of_view, (store_id, view))
        else:
            asked = [(store_id, view, entity) for entity in entities]
            found = self._file.rows_of_each(f"{of_view} AND entity = ?", asked)
            rows = [row for of_one in found for row in of_one]
        records = (to_packed(row) for row in rows)
        return {record.entity: record for record in records}

    def chains(self, documents: Sequence[Document]) -> Mapping[Document, Sequence[OrderVersion]]:
        """Return all versions of each order that has any, oldest first."""
        found = self._file.rows_of_each(
            f"SELECT {ORDER_COLUMNS} FROM order_versions "
            "WHERE store_id = ? AND order_key = ? ORDER BY version",
            [(document.store_id, document.key) for document in documents],
        )
        return {
            document: tuple(to_order(row, self._file.path) for row in rows)
            for document, rows in zip(documents, found, strict=True)
            if rows
        }

    def changed_months(self, after: int) -> Sequence[MonthPartition]:
        """Return the partitions in which something changed, entered or left after the revision."""
        rows = self._file.rows(
            # The hints below: SQLite would rather walk a table in the wanted order than sort.
            "SELECT store_id, month FROM changed_months INDEXED BY changed_months_by_revision "
            "WHERE revision > ? ORDER BY store_id, month",
            (after,),
        )
        return tuple(MonthPartition(StoreId(store_id), month) for store_id, month in rows)

    def month_orders(self, partition: MonthPartition) -> Sequence[OrderVersion]:
        """Return every order version of a partition, by order and version."""
        rows = self._file.rows(
            f"SELECT {ORDER_COLUMNS} FROM order_versions INDEXED BY order_versions_of_month "
            "WHERE store_id = ? AND month = ? ORDER BY order_key, version",
            partition,
        )
        return tuple(to_order(row, self._file.path) for row in rows)

    def month_by_customer(self, partition: MonthPartition) -> Iterator[OrderVersion]:
        """Yield the versions of a partition by customer and time, as of one instant."""
        with self._file.snapshot() as connection:
            rows = connection.execute(
                f"SELECT {ORDER_COLUMNS} FROM order_versions INDEXED BY order_versions_of_month "
                "WHERE store_id = ? AND month = ? "
                "ORDER BY customer, occurred_us, order_key, version",
                partition,
            )
            while chunk := rows.fetchmany(ROWS_AT_ONCE):
                for row in chunk:
                    yield to_order(row, self._file.path)

    def products(self, store_id: StoreId) -> Sequence[ProductVersion]:
        """Return every product version of a store, by product and version."""
        rows = self._file.rows(
            f"SELECT {PRODUCT_COLUMNS} FROM product_versions WHERE store_id = ? "
            "ORDER BY product_id, version",
            (store_id,),
        )
        return tuple(to_product(row, self._file.path) for row in rows)

    def month_levels(self, partition: MonthPartition) -> Iterator[LevelFact]:
        """Yield what is kept of a month of stock, by item."""
        month = f"/{partition.month.removeprefix(STOCK)}".encode()
        rows = self._file.rows(
            # The key ends in the month; all keys of the store are looked at, in their index.
            "SELECT tellings FROM documents WHERE store_id = ? AND kind = ? "
            "AND substr(key, ?) = ? ORDER BY key",
            (partition.store_id, stock.PAST, -len(month), month),
        )
        for (stored,) in rows:
            for fact in decode_tellings(stored, self._file.path):
                if isinstance(fact, LevelFact):
                    yield fact

    def dead_letters(self, limit: int) -> Sequence[DeadLetter]:
        """Return the newest events that could not be read, newest first."""
        rows = self._file.rows(
            "SELECT partition, offset, store_id, topic, reason, failed_us, subject, attempts "
            "FROM dead_letters ORDER BY failed_us DESC, partition, offset DESC LIMIT ?",
            (limit,),
        )
        return tuple(
            DeadLetter(
                partition=row[0],
                offset=row[1],
                store_id=StoreId(row[2]),
                topic=row[3],
                reason=row[4],
                failed_us=row[5],
                subject=None if row[6] is None else Pseudonym(row[6]),
                attempts=row[7],
            )
            for row in rows
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
