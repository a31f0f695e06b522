"""Shopify's orders export: the money of each order, whose it is, and a count for every row."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orders_export import write_customers, write_orders

from shopwright.adapters.export_csv import ExportCsv
from shopwright.adapters.memory_control import MemoryKeys
from shopwright.core.clock import SimulatedClock
from shopwright.core.errors import BadInput
from shopwright.core.money import to_minor
from shopwright.core.types.event import Event
from shopwright.core.types.identity import StoreId
from shopwright.core.types.log import Appended
from shopwright.core.types.order import OrderFact
from shopwright.core.types.store import Store
from shopwright.events import exported, shopify
from shopwright.events.contacts import read_contacts
from shopwright.events.export_rows import NEEDED
from shopwright.events.exported import spread
from shopwright.pipelines.import_export import ExportReport, import_export, people_of
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import PROFILES, open_store

END_US = 1_790_000_000_000_000
SCALE = Scale(customers=60, days=150, fulfilment_told_share=0, stock_told=False)


class Shop:
    """What a simulated shop holds, and what an import of its export tells."""

    def __init__(self, number: int, folder: Path) -> None:
        profile = PROFILES[number]
        holdings = Holdings()
        holdings.tell_all(open_store(profile, END_US, 3, SCALE).webhooks())
        self.orders: dict[int, dict[str, Any]] = holdings._orders._payloads
        self.customers = holdings._customers._payloads
        self.store = Store(
            store_id=StoreId(profile.domain),
            currency=profile.currency,
            timezone=profile.season.timezone,
            added_us=0,
        )
        self.keys = MemoryKeys()
        self.pseudonymise = StoreKeys(self.keys).pseudonymiser(self.store.store_id)
        self.path, self.people = folder / "orders.csv", folder / "customers.csv"
        write_orders(self.path, self.orders.values())
        write_customers(self.people, self.customers.values())
        self.events: dict[str, Event] = {}

    def take_in(self, *, with_people: bool = True) -> ExportReport:
        people = people_of(ExportCsv(self.people, ("Customer ID",)).rows()) if with_people else {}
        return import_export(
            ExportCsv(self.path, NEEDED).rows,
            self.store,
            people,
            self._accept,
            self.pseudonymise,
            SimulatedClock(END_US),
            lambda _: None,
        )

    def _accept(self, events: Any) -> Appended:
        new = [event for event in events if event.delivery_id not in self.events]
        self.events |= {event.delivery_id: event for event in new}
        return Appended(new=len(new), duplicates=len(events) - len(new))

    def read(self, topic: str, body: bytes) -> Any:
        (fact,) = shopify.read(
            topic, body, self.store, self.pseudonymise, triggered_us=None, received_us=0
        )
        return fact

    def facts(self) -> dict[bytes, OrderFact]:
        told = [one for one in self.events.values() if one.topic == exported.TOPIC]
        return {fact.order: fact for fact in (self.read(one.topic, one.body) for one in told)}


@pytest.fixture(params=[0, 1, 2], ids=[one.domain for one in PROFILES])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    return Shop(request.param, tmp_path)


def _gross(fact: OrderFact) -> int:
    return sum(line.gross_minor for line in fact.lines)


def test_each_order_is_worth_what_its_webhook_says(shop: Shop) -> None:
    import msgspec

    report = shop.take_in()
    assert report.refused == {}
    facts = shop.facts()
    assert len(facts) == report.orders == len(shop.orders)
    refunds = ours = theirs = 0
    for payload in shop.orders.values():
        told = shop.read("orders/updated", msgspec.json.encode(payload))
        fact = facts[told.order]
        assert fact.partial
        assert fact.created_us == told.created_us
        assert fact.cancelled_us == told.cancelled_us
        assert fact.voided == told.voided
        assert [line.quantity for line in fact.lines] == [line.quantity for line in told.lines]
        if payload["taxes_included"]:
            # The tax inside prices is one sum, shipping's with it, whatever each line is taxed at.
            tax = to_minor(payload["total_tax"], shop.store.currency)
            assert abs(_gross(fact) - _gross(told)) <= tax + len(fact.lines)
        else:
            assert _gross(fact) == _gross(told)
        ours, theirs = ours + _gross(fact), theirs + _gross(told)
        refunds += bool(fact.refunds)
        assert bool(fact.refunds) <= bool(told.refunds)
    assert refunds > 1
    assert abs(ours - theirs) <= theirs * 0.015


def test_people_are_shopifys_when_the_customers_export_names_them(shop: Shop) -> None:
    import msgspec

    shop.take_in()
    facts, named = shop.facts(), 0
    for payload in shop.orders.values():
        told = shop.read("orders/updated", msgspec.json.encode(payload))
        person = shop.customers.get(payload["customer"]["id"]) if payload["customer"] else None
        # An order keeps the address of an account that was merged into another one since.
        if person is not None and person["email"] == payload["email"]:
            assert facts[told.order].customer == told.customer
            named += 1
        if payload["email"] in (None, "") and not payload["phone"]:
            assert facts[told.order].customer is None
    assert named > 30


def test_without_it_an_address_is_a_person_and_can_be_found_again(shop: Shop) -> None:
    shop.take_in(with_people=False)
    for event in shop.events.values():
        if event.topic != exported.TOPIC:
            continue
        fact = shop.read(event.topic, event.body)
        contacts = read_contacts(event.topic, event.body, shop.pseudonymise)
        if fact.customer is not None:
            assert {one.subject for one in contacts} == {fact.customer}
            assert event.subject is not None
            assert event.subject.pseudonym == fact.customer
            assert b"@" not in event.delivery_id.encode()


def test_the_same_file_again_adds_nothing(shop: Shop) -> None:
    first, again = shop.take_in(), shop.take_in()
    assert first.new == again.duplicates > 50
    assert (again.new, first.duplicates) == (0, 0)
    assert first.rows == first.taken == again.rows


def _spoil(path: Path, column: str, value: str, *, row: int = 0) -> None:
    import csv

    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[row][column] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("Id", "", "Id is not the number of an order"),
        ("Id", "12x", "Id is not the number of an order"),
        ("Currency", "XXX", "its currency is not"),
        ("Financial Status", "owed", "Financial Status is none"),
        ("Created at", "", "Created at is empty"),
        ("Created at", "yesterday", "Created at is not a date"),
        ("Cancelled at", "2026-13-01 00:00:00 +0000", "Cancelled at is not a date"),
        ("Subtotal", "much", "Subtotal is not an amount"),
        ("Total", "NaN", "Total is not an amount"),
        ("Lineitem price", "1e999", "Lineitem price is not an amount"),
        ("Lineitem quantity", "-1", "Lineitem quantity is not a whole number"),
        ("Lineitem quantity", "1.5", "Lineitem quantity is not a whole number"),
        ("Lineitem name", " ", "Lineitem name is empty"),
    ],
)
def test_a_row_that_is_wrong_is_counted_with_the_reason(
    tmp_path: Path, column: str, value: str, says: str
) -> None:
    shop = Shop(1, tmp_path)
    _spoil(shop.path, column, value)
    report = shop.take_in()
    ((why, rows),) = report.refused.items()
    assert says in why
    assert report.taken + rows == report.rows
    assert report.first_refused == (2,)
    assert report.orders == len(shop.orders) - 1


def test_an_order_that_stands_twice_is_taken_once(tmp_path: Path) -> None:
    shop = Shop(1, tmp_path)
    payloads = list(shop.orders.values())
    write_orders(shop.path, [*payloads, payloads[0]])
    report = shop.take_in()
    assert list(report.refused) == ["its order stands earlier in the file"]
    assert report.orders == len(payloads)


def test_a_row_of_another_length_is_counted(tmp_path: Path) -> None:
    shop = Shop(1, tmp_path)
    with shop.path.open("a", encoding="utf-8", newline="") as file:
        file.write("#9,ann@example.com\r\n")
    report = shop.take_in()
    assert report.refused == {"it has more or fewer cells than the header": 1}


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\x00\xff"])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "none.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=r"none\.csv"):
        ExportCsv(path, NEEDED)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_what_is_spread_sums_up_and_is_fair(amount: int, weights: list[int]) -> None:
    parts = spread(amount, weights)
    assert sum(parts) == amount
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert part >= 0
        if total:
            assert abs(part * total - amount * weight) < total


def test_an_address_of_two_customers_names_neither() -> None:
    from shopwright.core.types.exported import ExportRow

    rows = [
        ExportRow(2, {"Customer ID": "1", "Email": "Ann@example.com", "Phone": "+441632960001"}),
        ExportRow(3, {"Customer ID": "2", "Email": "ann@example.com ", "Phone": ""}),
        ExportRow(4, {"Customer ID": "", "Email": "bob@example.com", "Phone": ""}),
    ]
    assert people_of(rows) == {"441632960001": "1"}
