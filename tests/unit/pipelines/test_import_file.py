"""From a file to the ledger: once, whatever interrupts it and however often it is run."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from shopwright.adapters.import_progress import ProgressFolder
from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.adapters.log_sqlite import SqliteLog
from shopwright.adapters.memory_control import MemoryKeys, MemoryStores
from shopwright.adapters.memory_ledger import MemoryLedger
from shopwright.adapters.memory_log import MemoryLog
from shopwright.adapters.memory_online import MemoryOnlineStore
from shopwright.adapters.memory_privacy import MemoryPrivacyRequests
from shopwright.adapters.refusals_file import RefusalsFile
from shopwright.adapters.table_files import TableFile
from shopwright.core.clock import SimulatedClock, from_datetime
from shopwright.core.errors import BadInput, TooNew
from shopwright.core.ports import EventLog, KeyStore
from shopwright.core.types.event import Event
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import Document
from shopwright.core.types.log import Appended, Position
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.store import Store
from shopwright.events.column_map import DEFAULT, ColumnMap, Rules
from shopwright.pipelines import import_file
from shopwright.pipelines.import_file import ImportFile, ImportReport, Notes, Progress
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.materialize import Materializer
from shopwright.pipelines.store_keys import StoreKeys

SHOP = StoreId("retail.myshopify.com")
STORE = Store(store_id=SHOP, currency="GBP", timezone="Europe/London", added_us=0)
NAMES = (
    "invoice", "sku", "description", "quantity", "invoice_date", "unit_price", "customer_id",
)  # fmt: skip
Row = tuple[str, str, str | None, int, datetime, float, int | None]


def _at(day: int, hour: int = 10, month: int = 3) -> datetime:
    return datetime(2010, month, day, hour)


ROWS: list[Row] = [
    ("1001", "85048", "BLUE MUG", 6, _at(1), 2.5, 130851),
    ("1001", "POST", "POSTAGE", 1, _at(1), 18.0, 130851),
    ("1001", "22041", "RED FRAME", 2, _at(1), 1.25, 130851),
    ("1002", "85048", "BLUE MUG", 1, _at(2), 5.0, None),
    ("1003", "85048", "MUG, BLUE", 4, _at(3, 11), 2.5, 130852),
    ("C1004", "85048", "MUG, BLUE", -4, _at(3, 15), 2.5, 130852),
    ("C1005", "22041", "RED FRAME", -1, _at(9), 1.25, 130851),
    ("1006", "22041", "RED FRAME", 3, _at(10), 0.0, 130851),
    ("1007", "22041", "RED FRAME", 3, _at(1, month=7), 1.0, 130851),
]


def _write(path: Path, rows: Sequence[Row]) -> TableFile:
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


def _house(folder: Path, *, sqlite: bool = False) -> House:
    log: EventLog = SqliteLog(folder / "log", "import") if sqlite else MemoryLog()
    keys: KeyStore = SqliteKeys(folder / "keys.db", b"m" * 32) if sqlite else MemoryKeys()
    clock = SimulatedClock(from_datetime(datetime(2026, 11, 23, tzinfo=UTC)))
    intake = Intake(log, keys, clock, os.urandom)
    return House(log, keys, ProgressFolder(folder / "imports"), clock, intake, MemoryLedger())


@pytest.fixture(params=["memory", "sqlite"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    made = _house(tmp_path, sqlite=request.param == "sqlite")
    yield made
    for part in (made.log, made.keys):
        getattr(part, "close", lambda: None)()


def _us(moment: datetime) -> int:
    return from_datetime(moment.replace(tzinfo=UTC))


def test_a_file_becomes_versions_in_the_ledger(house: House, tmp_path: Path) -> None:
    report = house.run(_write(tmp_path / "t.parquet", ROWS))
    assert (report.counts.orders, report.counts.guests, report.counts.products) == (4, 1, 2)
    assert (report.counts.refunds, report.counts.orders_cancelled) == (1, 1)
    assert report.counts.refused == {"not_merchandise": 1, "zero_price": 1}
    assert (report.events_new, report.events_duplicate, report.events_before) == (6, 0, 0)
    assert report.cancellations_unmatched == 0
    assert house.materialize() == 0
    july = _us(datetime(2010, 7, 1, 9))  # summer time
    assert house.shapes("130851") == [
        (_us(_at(1)), _us(_at(1)), True, 1_750, 0),
        (_us(_at(9)), _us(_at(1)), True, 1_750, 125),
        (july, july, True, 300, 0),
    ]
    assert [(v.known_us, v.valid) for v in house.versions("130852")] == [
        (_us(_at(3, 11)), True), (_us(_at(3, 15)), False),
    ]  # fmt: skip
    products = {p.product_id: (p.title, p.known_us) for p in house.ledger.products(SHOP)}
    assert products == {
        "85048": ("BLUE MUG", _us(_at(1))), "22041": ("RED FRAME", _us(_at(1))),
    }  # fmt: skip


def test_a_guest_order_is_in_the_ledger_without_a_customer(house: House, tmp_path: Path) -> None:
    house.run(_write(tmp_path / "t.parquet", ROWS))
    house.materialize()
    order = StoreKeys(house.keys).pseudonymiser(SHOP)("order", "1002")
    tellings = house.ledger.tellings([Document(SHOP, "order", order)])
    (fact,) = tellings[Document(SHOP, "order", order)]
    assert fact.customer is None
    assert [(line.quantity, line.gross_minor) for line in fact.lines] == [(1, 500)]


def test_csv_and_parquet_tell_the_same_bytes(tmp_path: Path) -> None:
    house = _house(tmp_path)
    first = house.run(_write(tmp_path / "t.parquet", ROWS))
    second = house.run(_write(tmp_path / "t.csv", ROWS))
    assert second.counts == first.counts
    assert (second.events_new, second.events_duplicate) == (0, first.events_new)
    assert second.nothing_new


def test_a_second_run_says_nothing_new_without_reading(house: House, tmp_path: Path) -> None:
    table = _write(tmp_path / "t.parquet", ROWS)
    first = house.run(table)
    seen: list[Progress] = []
    again = house.importer().run(table, STORE, DEFAULT, watch=seen.append)
    assert again.nothing_new
    assert seen == []
    assert again.counts == first.counts
    assert (again.events_new, again.events_duplicate, again.events_before) == (0, 0, 6)


def test_again_tells_everything_and_the_log_knows_it_all(house: House, tmp_path: Path) -> None:
    table = _write(tmp_path / "t.parquet", ROWS)
    house.run(table)
    again = house.importer().run(table, STORE, DEFAULT, again=True)
    assert (again.events_new, again.events_duplicate, again.events_before) == (0, 6, 0)
    assert len(house.bodies()) == 6


def test_a_grown_file_tells_only_what_is_new_or_changed(house: House, tmp_path: Path) -> None:
    house.run(_write(tmp_path / "t.parquet", ROWS))
    more: list[Row] = [
        ("1008", "85048", "BLUE MUG", 1, _at(2, month=7), 2.5, 130852),
        ("C1009", "22041", "RED FRAME", -1, _at(3, month=7), 1.25, 130851),
    ]
    report = house.run(_write(tmp_path / "t.parquet", [*ROWS, *more]))
    # the new order, and the order of 1 July with its new refund
    assert (report.events_new, report.events_duplicate) == (2, 5)
    assert house.materialize() == 0
    newest = max(house.versions("130851"), key=lambda version: version.known_us)
    assert (newest.known_us, newest.refund_minor) == (_us(datetime(2010, 7, 3, 9)), 125)
    assert len(house.versions("130852")) == 3


def test_two_files_of_one_store_follow_each_other(house: House, tmp_path: Path) -> None:
    first = house.run(_write(tmp_path / "a.parquet", ROWS[:5]))
    second = house.run(_write(tmp_path / "b.parquet", ROWS[7:]))
    assert (first.counts.orders, second.counts.orders) == (3, 1)
    assert second.events_duplicate == 0
    house.materialize()
    assert [gross for *_, gross, _ in house.shapes("130851")] == [1_750, 300]


class Fault(Exception):
    """Something outside broke."""


class Faulty:
    """Calls through until it is told to break: before the call, or after it."""

    def __init__(self, call: Callable[..., object], breaks_at: int, *, after: bool) -> None:
        self._call = call
        self._left = breaks_at
        self._after = after

    def __call__(self, *given: object) -> object:
        self._left -= 1
        if self._left == -1 and not self._after:
            raise Fault
        found = self._call(*given)
        if self._left == -1:
            raise Fault
        return found


class FaultyNotes:
    """Notes whose writing breaks once."""

    def __init__(self, notes: ProgressFolder, breaks_at: int) -> None:
        self.load = notes.load
        self.save = Faulty(notes.save, breaks_at, after=False)


@pytest.mark.parametrize("where", ["before append", "after append", "note"])
@pytest.mark.parametrize("step", range(4))
def test_an_interrupted_import_continues_and_stores_everything_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, step: int
) -> None:
    monkeypatch.setattr(import_file, "CHUNK_EVENTS", 2)
    table = _write(tmp_path / "t.parquet", ROWS)
    house, whole = _house(tmp_path / "a"), _house(tmp_path / "b")
    whole.run(table)
    if where == "note":
        broken = house.importer(notes=FaultyNotes(house.notes, step))
    else:
        accept = Faulty(house.intake.accept, step, after=where == "after append")
        broken = house.importer(accept)  # type: ignore[arg-type]
    crashes = step < 3 or where == "note"  # three chunks, and a last note after them
    if crashes:
        with pytest.raises(Fault):
            broken.run(table, STORE, DEFAULT)
    else:
        broken.run(table, STORE, DEFAULT)
    noted = step if crashes else 3
    seen: list[Progress] = []
    report = house.importer().run(table, STORE, DEFAULT, watch=seen.append)
    appending = [progress.done for progress in seen if progress.step == "appending"]
    assert appending == [done for done in (2, 4, 6) if done > 2 * noted]
    assert report.events_before == 2 * min(noted, 3)
    assert report.events_new + report.events_duplicate + report.events_before == 6
    assert report.events_duplicate == (2 if where in ("after append", "note") and step < 3 else 0)
    assert len(house.bodies()) == len(whole.bodies()) == 6
    house.materialize()
    whole.materialize()
    assert house.shapes("130851") == whole.shapes("130851")


def test_a_run_is_chunked_by_size_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_file, "CHUNK_BYTES", 1)
    house, sizes = _house(tmp_path), []

    def accept(events: Sequence[Event]) -> Appended:
        sizes.append(len(events))
        return house.intake.accept(events)

    house.importer(accept).run(_write(tmp_path / "t.parquet", ROWS), STORE, DEFAULT)
    assert sizes == [1] * 6


def test_progress_grows_to_its_total_in_both_steps(tmp_path: Path) -> None:
    house, seen = _house(tmp_path), []
    house.importer().run(_write(tmp_path / "t.parquet", ROWS), STORE, DEFAULT, watch=seen.append)
    assert seen == [Progress("reading", 9, 9), Progress("appending", 6, 6)]
    seen.clear()
    table = _write(tmp_path / "t.csv", ROWS[:3])
    house.importer().run(table, STORE, DEFAULT, watch=seen.append)
    assert seen[0] == Progress("reading", 3, None)


def test_other_settings_are_another_import(tmp_path: Path) -> None:
    house, table = _house(tmp_path), _write(tmp_path / "t.parquet", ROWS)
    house.run(table)
    everything = ColumnMap(columns=DEFAULT.columns, rules=Rules())
    wider = house.run(table, everything)
    assert wider.counts.lines == 6  # the postage is merchandise now
    assert (wider.events_new, wider.events_duplicate) == (2, 5)  # POST, and the order that has it


def test_what_is_kept_in_the_clear_names_no_order_and_no_customer(
    house: House, tmp_path: Path
) -> None:
    house.run(_write(tmp_path / "t.parquet", ROWS))
    for record in house.log.read(Position({}), 100):
        event = record.event
        clear = repr((event.delivery_id, event.subject, event.delivery_key, event.sealed))
        for raw in ("1001", "1003", "C1005", "130851", "130852"):
            assert f":{raw}" not in event.delivery_id
            assert f'"{raw}"' not in clear
    ids = [delivery_id for topic, delivery_id in house.bodies() if topic == "imports/order"]
    order = StoreKeys(house.keys).pseudonymiser(SHOP)("order", "1001").hex()
    assert sum(delivery_id.startswith(f"import:transactions:{order}:") for delivery_id in ids) == 1


def test_an_erased_customer_does_not_come_back(house: House, tmp_path: Path) -> None:
    table = _write(tmp_path / "t.parquet", ROWS)
    house.run(table)
    customer = StoreKeys(house.keys).pseudonymiser(SHOP)("customer", "130851")
    house.keys.forget(SHOP, customer)
    house.log.forget(SHOP, customer)
    again = house.importer().run(table, STORE, DEFAULT, again=True)
    assert (again.events_new, again.events_duplicate) == (0, 6)
    assert len(house.bodies()) == 4
    house.materialize()
    assert house.shapes("130851") == []
    assert len(house.shapes("130852")) == 2


def test_rows_that_cannot_be_split_are_counted_too(tmp_path: Path) -> None:
    house, path = _house(tmp_path), tmp_path / "t.csv"
    _write(path, ROWS)
    path.write_text(path.read_text() + "1010,85048\n")
    table, out = TableFile(path), tmp_path / "refused.parquet"
    report = house.importer().run(table, STORE, DEFAULT, refusals=RefusalsFile(table, out))
    assert report.counts.rows == 10
    assert report.counts.refused["malformed_row"] == 1
    assert report.refused_rows_written == 3
    assert _all_rows(report) == 10


def _all_rows(report: ImportReport) -> int:
    counted = report.counts
    kept = counted.lines + counted.cancellations_matched + counted.cancellations_partly_matched
    return kept + sum(counted.refused.values())


def test_the_report_of_refused_rows_can_be_had_afterwards(tmp_path: Path) -> None:
    house, table = _house(tmp_path), _write(tmp_path / "t.parquet", ROWS)
    assert house.run(table).refused_rows_written is None
    out = tmp_path / "refused.csv"
    later = house.importer().run(table, STORE, DEFAULT, refusals=RefusalsFile(table, out))
    assert later.nothing_new
    assert later.events_before == 6
    assert later.refused_rows_written == 2
    found: Mapping[str, list[object]] = csv.read_csv(out).to_pydict()
    assert found["refused_row"] == [2, 8]
    assert found["refused_reason"] == ["the sku is not merchandise", "the unit price is zero"]


def test_wrong_columns_and_zones_are_refused_before_anything_is_stored(tmp_path: Path) -> None:
    house, table = _house(tmp_path), _write(tmp_path / "t.parquet", ROWS)
    wrong = ColumnMap(columns=type(DEFAULT.columns)(sku="stock_code"))
    with pytest.raises(BadInput, match="Its columns are: invoice, sku, description"):
        house.run(table, wrong)
    nowhere = Store(store_id=SHOP, currency="GBP", timezone="Europe/Nowhere", added_us=0)
    with pytest.raises(BadInput, match="Europe/Nowhere"):
        house.importer().run(table, nowhere, DEFAULT)
    assert house.bodies() == []
    assert not (tmp_path / "imports").exists()


def test_a_note_that_is_damaged_is_no_note_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    house, table = _house(tmp_path), _write(tmp_path / "t.parquet", ROWS)
    house.run(table)
    (note,) = (tmp_path / "imports").iterdir()
    note.write_bytes(b"{half")
    again = house.run(table)
    assert (again.events_new, again.events_duplicate) == (0, 6)
    note.write_bytes(b'{"format":2,"told":"elsewhere"}')
    with pytest.raises(TooNew, match="upgrade"):
        house.run(table)


def test_seconds_come_from_the_clock(tmp_path: Path) -> None:
    house, table = _house(tmp_path), _write(tmp_path / "t.parquet", ROWS)

    def slow(events: Sequence[Event]) -> Appended:
        house.clock.sleep(2.5)
        assert {event.received_us for event in events} == {house.clock.now_us() - 2_500_000}
        return house.intake.accept(events)

    assert house.importer(slow).run(table, STORE, DEFAULT).seconds == 2.5
