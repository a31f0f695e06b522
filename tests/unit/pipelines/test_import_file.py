"""From a file to the ledger: once, however often it is run."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from import_house import ROWS, SHOP, STORE, House, Row, at, at_us, import_house, write_rows
from pyarrow import csv

from shopwright.adapters.refusals_file import RefusalsFile
from shopwright.adapters.table_files import TableFile
from shopwright.core.errors import BadInput, TooNew
from shopwright.core.types.event import Event
from shopwright.core.types.ledger import Document
from shopwright.core.types.log import Appended, Position
from shopwright.core.types.store import Store
from shopwright.events.column_map import DEFAULT, ColumnMap, Rules
from shopwright.pipelines import import_file
from shopwright.pipelines.import_file import ImportReport, Progress
from shopwright.pipelines.store_keys import StoreKeys


@pytest.fixture(params=["memory", "sqlite"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    made = import_house(tmp_path, sqlite=request.param == "sqlite")
    yield made
    for part in (made.log, made.keys):
        getattr(part, "close", lambda: None)()


def test_a_file_becomes_versions_in_the_ledger(house: House, tmp_path: Path) -> None:
    report = house.run(write_rows(tmp_path / "t.parquet", ROWS))
    assert (report.counts.orders, report.counts.guests, report.counts.products) == (4, 1, 2)
    assert (report.counts.refunds, report.counts.orders_cancelled) == (1, 1)
    assert report.counts.refused == {"not_merchandise": 1, "zero_price": 1}
    assert (report.events_new, report.events_duplicate, report.events_before) == (6, 0, 0)
    assert report.cancellations_unmatched == 0
    assert house.materialize() == 0
    july = at_us(datetime(2010, 7, 1, 9))  # summer time
    assert house.shapes("130851") == [
        (at_us(at(1)), at_us(at(1)), True, 1_750, 0),
        (at_us(at(9)), at_us(at(1)), True, 1_750, 125),
        (july, july, True, 300, 0),
    ]
    assert [(v.known_us, v.valid) for v in house.versions("130852")] == [
        (at_us(at(3, 11)), True), (at_us(at(3, 15)), False),
    ]  # fmt: skip
    products = {p.product_id: (p.title, p.known_us) for p in house.ledger.products(SHOP)}
    assert products == {
        "85048": ("BLUE MUG", at_us(at(1))), "22041": ("RED FRAME", at_us(at(1))),
    }  # fmt: skip


def test_a_guest_order_is_in_the_ledger_without_a_customer(house: House, tmp_path: Path) -> None:
    house.run(write_rows(tmp_path / "t.parquet", ROWS))
    house.materialize()
    order = StoreKeys(house.keys).pseudonymiser(SHOP)("order", "1002")
    tellings = house.ledger.tellings([Document(SHOP, "order", order)])
    (fact,) = tellings[Document(SHOP, "order", order)]
    assert fact.customer is None
    assert [(line.quantity, line.gross_minor) for line in fact.lines] == [(1, 500)]


def test_csv_and_parquet_tell_the_same_bytes(tmp_path: Path) -> None:
    house = import_house(tmp_path)
    first = house.run(write_rows(tmp_path / "t.parquet", ROWS))
    second = house.run(write_rows(tmp_path / "t.csv", ROWS))
    assert second.counts == first.counts
    assert (second.events_new, second.events_duplicate) == (0, first.events_new)
    assert second.nothing_new


def test_a_second_run_says_nothing_new_without_reading(house: House, tmp_path: Path) -> None:
    table = write_rows(tmp_path / "t.parquet", ROWS)
    first = house.run(table)
    seen: list[Progress] = []
    again = house.importer().run(table, STORE, DEFAULT, watch=seen.append)
    assert again.nothing_new
    assert seen == []
    assert again.counts == first.counts
    assert (again.events_new, again.events_duplicate, again.events_before) == (0, 0, 6)


def test_again_tells_everything_and_the_log_knows_it_all(house: House, tmp_path: Path) -> None:
    table = write_rows(tmp_path / "t.parquet", ROWS)
    house.run(table)
    again = house.importer().run(table, STORE, DEFAULT, again=True)
    assert (again.events_new, again.events_duplicate, again.events_before) == (0, 6, 0)
    assert len(house.bodies()) == 6


def test_a_grown_file_tells_only_what_is_new_or_changed(house: House, tmp_path: Path) -> None:
    house.run(write_rows(tmp_path / "t.parquet", ROWS))
    more: list[Row] = [
        ("1008", "85048", "BLUE MUG", 1, at(2, month=7), 2.5, 130852),
        ("C1009", "22041", "RED FRAME", -1, at(3, month=7), 1.25, 130851),
    ]
    report = house.run(write_rows(tmp_path / "t.parquet", [*ROWS, *more]))
    # the new order, and the order of 1 July with its new refund
    assert (report.events_new, report.events_duplicate) == (2, 5)
    assert house.materialize() == 0
    newest = max(house.versions("130851"), key=lambda version: version.known_us)
    assert (newest.known_us, newest.refund_minor) == (at_us(datetime(2010, 7, 3, 9)), 125)
    assert len(house.versions("130852")) == 3


def test_two_files_of_one_store_follow_each_other(house: House, tmp_path: Path) -> None:
    first = house.run(write_rows(tmp_path / "a.parquet", ROWS[:5]))
    second = house.run(write_rows(tmp_path / "b.parquet", ROWS[7:]))
    assert (first.counts.orders, second.counts.orders) == (3, 1)
    assert second.events_duplicate == 0
    house.materialize()
    assert [gross for *_, gross, _ in house.shapes("130851")] == [1_750, 300]


def test_a_run_is_chunked_by_size_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_file, "CHUNK_BYTES", 1)
    house, sizes = import_house(tmp_path), []

    def accept(events: Sequence[Event]) -> Appended:
        sizes.append(len(events))
        return house.intake.accept(events)

    house.importer(accept).run(write_rows(tmp_path / "t.parquet", ROWS), STORE, DEFAULT)
    assert sizes == [1] * 6


def test_progress_grows_to_its_total_in_both_steps(tmp_path: Path) -> None:
    house, seen = import_house(tmp_path), []
    house.importer().run(
        write_rows(tmp_path / "t.parquet", ROWS), STORE, DEFAULT, watch=seen.append
    )
    assert seen == [Progress("reading", 9, 9), Progress("appending", 6, 6)]
    seen.clear()
    table = write_rows(tmp_path / "t.csv", ROWS[:3])
    house.importer().run(table, STORE, DEFAULT, watch=seen.append)
    assert seen[0] == Progress("reading", 3, None)


def test_other_settings_are_another_import(tmp_path: Path) -> None:
    house, table = import_house(tmp_path), write_rows(tmp_path / "t.parquet", ROWS)
    house.run(table)
    everything = ColumnMap(columns=DEFAULT.columns, rules=Rules())
    wider = house.run(table, everything)
    assert wider.counts.lines == 6  # the postage is merchandise now
    assert (wider.events_new, wider.events_duplicate) == (2, 5)  # POST, and the order that has it


def test_what_is_kept_in_the_clear_names_no_order_and_no_customer(
    house: House, tmp_path: Path
) -> None:
    house.run(write_rows(tmp_path / "t.parquet", ROWS))
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
    table = write_rows(tmp_path / "t.parquet", ROWS)
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
    house, path = import_house(tmp_path), tmp_path / "t.csv"
    write_rows(path, ROWS)
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
    house, table = import_house(tmp_path), write_rows(tmp_path / "t.parquet", ROWS)
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
    house, table = import_house(tmp_path), write_rows(tmp_path / "t.parquet", ROWS)
    wrong = ColumnMap(columns=type(DEFAULT.columns)(sku="stock_code"))
    with pytest.raises(BadInput, match="Its columns are: invoice, sku, description"):
        house.run(table, wrong)
    nowhere = Store(store_id=SHOP, currency="GBP", timezone="Europe/Nowhere", added_us=0)
    with pytest.raises(BadInput, match="Europe/Nowhere"):
        house.importer().run(table, nowhere, DEFAULT)
    assert house.bodies() == []
    assert not (tmp_path / "imports").exists()


def test_a_note_that_is_damaged_is_no_note_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    house, table = import_house(tmp_path), write_rows(tmp_path / "t.parquet", ROWS)
    house.run(table)
    (note,) = (tmp_path / "imports").iterdir()
    note.write_bytes(b"{half")
    again = house.run(table)
    assert (again.events_new, again.events_duplicate) == (0, 6)
    note.write_bytes(b'{"format":2,"told":"elsewhere"}')
    with pytest.raises(TooNew, match="upgrade"):
        house.run(table)


def test_seconds_come_from_the_clock(tmp_path: Path) -> None:
    house, table = import_house(tmp_path), write_rows(tmp_path / "t.parquet", ROWS)

    def slow(events: Sequence[Event]) -> Appended:
        house.clock.sleep(2.5)
        assert {event.received_us for event in events} == {house.clock.now_us() - 2_500_000}
        return house.intake.accept(events)

    assert house.importer(slow).run(table, STORE, DEFAULT).seconds == 2.5
