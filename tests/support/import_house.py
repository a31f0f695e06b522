"""Everything between a file of history and the ledger, in memory or on SQLite."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from shopwright.adapters.import_progress import ProgressFolder
from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.adapters.log_sqlite import SqliteLog
from shopwright.adapters.memory_control import MemoryKeys, MemoryStores
from shopwright.adapters.memory_ledger import MemoryLedger
from shopwright.adapters.memory_log import MemoryLog
from shopwright.adapters.memory_online import MemoryOnlineStore
from shopwright.adapters.memory_privacy import MemoryPrivacyRequests
from shopwright.adapters.table_files import TableFile
from shopwright.core.clock import SimulatedClock, from_datetime
from shopwright.core.ports import EventLog, KeyStore
from shopwright.core.types.event import Event
from shopwright.core.types.identity import StoreId
from shopwright.core.types.log import Appended, Position
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.store import Store
from shopwright.events.column_map import DEFAULT, ColumnMap
from shopwright.pipelines.import_file import ImportFile, ImportReport, Notes
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.materialize import Materializer
from shopwright.pipelines.store_keys import StoreKeys

SHOP = StoreId("retail.myshopify.com")
STORE = Store(store_id=SHOP, currency="GBP", timezone="Europe/London", added_us=0)
NAMES = (
    "invoice", "sku", "description", "quantity", "invoice_date", "unit_price", "customer_id",
)  # fmt: skip
Row = tuple[str, str, str | None, int, datetime, float, int | None]


def at(day: int, hour: int = 10, month: int = 3) -> datetime:
    return datetime(2010, month, day, hour)


ROWS: list[Row] = [
    ("1001", "85048", "BLUE MUG", 6, at(1), 2.5, 130851),
    ("1001", "POST", "POSTAGE", 1, at(1), 18.0, 130851),
    ("1001", "22041", "RED FRAME", 2, at(1), 1.25, 130851),
    ("1002", "85048", "BLUE MUG", 1, at(2), 5.0, None),
    ("1003", "85048", "MUG, BLUE", 4, at(3, 11), 2.5, 130852),
    ("C1004", "85048", "MUG, BLUE", -4, at(3, 15), 2.5, 130852),
    ("C1005", "22041", "RED FRAME", -1, at(9), 1.25, 130851),
    ("1006", "22041", "RED FRAME", 3, at(10), 0.0, 130851),
    ("1007", "22041", "RED FRAME", 3, at(1, month=7), 1.0, 130851),
]


def write_rows(path: Path, rows: Sequence[Row]) -> TableFile:
    columns = [list(column) for column in zip(*rows, strict=True)]
    kinds = (pa.string(), pa.string(), pa.string(), pa.int32(), pa.timestamp("us"), pa.float64())
    arrays = [pa.array(c, k) for c, k in zip(columns, (*kinds, pa.int32()), strict=True)]
    table = pa.table(arrays, names=list(NAMES))
    (csv.write_csv if path.suffix == ".csv" else pq.write_table)(table, path)
    return TableFile(path)


class House(NamedTuple):
    """Everything between a file and the ledger."""

    log: EventLog
    keys: KeyStore
    notes: ProgressFolder
    clock: SimulatedClock
    intake: Intake
    ledger: MemoryLedger

    def importer(
        self,
        accept: Callable[[Sequence[Event]], Appended] | None = None,
        notes: Notes | None = None,
    ) -> ImportFile:
        return ImportFile(accept or self.intake.accept, self.keys, notes or self.notes, self.clock)

    def run(self, table: TableFile, column_map: ColumnMap = DEFAULT) -> ImportReport:
        return self.importer().run(table, STORE, column_map)

    def bodies(self) -> list[tuple[str, str]]:
        """Return topic and delivery id of everything in the log."""
        records = self.log.read(Position({}), 10_000)
        return [(record.event.topic, record.event.delivery_id) for record in records]

    def materialize(self) -> int:
        """Take everything in; return the dead letters."""
        stores = MemoryStores()
        stores.put(STORE)
        materializer = Materializer(
            log=self.log, keys=self.keys, stores=stores, ledger=self.ledger, feed=self.ledger,
            online=MemoryOnlineStore(), requests=MemoryPrivacyRequests(), clock=self.clock,
        )  # fmt: skip
        dead = 0
        while (step := materializer.step(3)).records:
            dead += len(step.dead_topics)
        return dead

    def versions(self, customer_id: str) -> Sequence[OrderVersion]:
        customer = StoreKeys(self.keys).pseudonymiser(SHOP)("customer", customer_id)
        return self.ledger.orders_of(SHOP, [customer])[customer]

    def shapes(self, customer_id: str) -> list[tuple[int, int, bool, int, int]]:
        """Return what a customer's versions say, in the order of time."""
        return sorted(
            (v.known_us, v.occurred_us, v.valid, v.gross_minor, v.refund_minor)
            for v in self.versions(customer_id)
        )


def import_house(folder: Path, *, sqlite: bool = False) -> House:
    log: EventLog = SqliteLog(folder / "log", "import") if sqlite else MemoryLog()
    keys: KeyStore = SqliteKeys(folder / "keys.db", b"m" * 32) if sqlite else MemoryKeys()
    clock = SimulatedClock(from_datetime(datetime(2026, 11, 23, tzinfo=UTC)))
    intake = Intake(log, keys, clock, os.urandom)
    return House(log, keys, ProgressFolder(folder / "imports"), clock, intake, MemoryLedger())


def at_us(moment: datetime) -> int:
    return from_datetime(moment.replace(tzinfo=UTC))
