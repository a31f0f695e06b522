"""Any sequence of commits, erasures and restarts: the ledger on SQLite and in memory agree."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from ledger_cases import (
    ANNA,
    BEN,
    DECEMBER_US,
    NOVEMBER_US,
    OTHER_STORE,
    STORE,
    changes,
    dead_letter,
    every_telling,
    level_fact,
    order_document,
    order_fact,
    order_key,
    product_document,
    product_version,
    record,
    version,
)

from shopwright.adapters.ledger_feed_sqlite import SqliteLedgerFeed
from shopwright.adapters.ledger_sqlite import SqliteLedger
from shopwright.adapters.memory_ledger import MemoryLedger
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import STOCK, LedgerChanges, MonthPartition
from shopwright.events.stock import documents_of

NUMBERS = st.integers(1, 4)
STORES = st.sampled_from([STORE, OTHER_STORE])
PEOPLE = st.sampled_from([ANNA, BEN])
MONTHS_US = st.sampled_from([NOVEMBER_US, DECEMBER_US])


@st.composite
def some_changes(draw: st.DrawFn) -> LedgerChanges:
    store_id = draw(STORES)
    tellings = {
        order_document(number, store_id): draw(
            st.sampled_from(
                [every_telling(number), (order_fact(number, draw(PEOPLE)),), (order_fact(number),)]
            )
        )
        for number in draw(st.sets(NUMBERS, max_size=3))
    }
    levels = [
        level_fact(str(number), draw(MONTHS_US), draw(st.integers(-1, 1)))
        for number in draw(st.sets(NUMBERS, max_size=2))
    ]
    stock = {document: [one] for one in levels for document in documents_of(store_id, one)}
    orders = {
        order_document(number, store_id): [
            version(
                number,
                index,
                customer=draw(st.none() | PEOPLE),
                occurred_us=draw(MONTHS_US),
                store_id=store_id,
            )
            for index in range(draw(st.integers(0, 3)))
        ]
        for number in draw(st.sets(NUMBERS, max_size=3))
    }
    products = {
        product_document(str(number), store_id): [
            product_version(str(number), index, store_id)
            for index in range(draw(st.integers(0, 2)))
        ]
        for number in draw(st.sets(NUMBERS, max_size=2))
    }
    return changes(
        tellings={**tellings, **stock},
        orders=orders,
        products=products,
        records=[
            record(who, draw(st.binary(max_size=3)), store=store_id)
            for who in draw(st.sets(PEOPLE))
        ],
        dead_letters=[
            dead_letter(n, n % 2, subject=draw(st.none() | PEOPLE), store_id=store_id)
            for n in draw(st.sets(NUMBERS, max_size=2))
        ],
        settled=[("web-0", n) for n in draw(st.sets(NUMBERS, max_size=2))],
        through=draw(st.dictionaries(st.sampled_from(["web-0", "web-1"]), st.integers(1, 2**62))),
    )


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="shopwright-ledger-"))
        self.path = self.folder / "00.sqlite"
        self.memory = MemoryLedger()
        self.disk = SqliteLedger(self.path)
        self.feed = SqliteLedgerFeed(self.path)

    @rule(changes=some_changes())
    def commit(self, changes: LedgerChanges) -> None:
        assert self.disk.commit(changes) == self.memory.commit(changes)

    @rule(store_id=STORES, customer=PEOPLE | NUMBERS.map(order_key) | st.none())
    def forget(self, store_id: StoreId, customer: Pseudonym | None) -> None:
        assert self.disk.forget(store_id, customer) == self.memory.forget(store_id, customer)

    @rule()
    def restart(self) -> None:
        self.disk.close()
        self.disk = SqliteLedger(self.path)

    @rule(after=st.integers(0, 9), limit=st.integers(1, 5))
    def feed_agrees(self, after: int, limit: int) -> None:
        assert self.feed.records("customer", after, limit) == self.memory.records(
            "customer", after, limit
        )
        assert self.feed.changed_months(after) == self.memory.changed_months(after)
        assert self.feed.dead_letters(limit) == self.memory.dead_letters(limit)

    @invariant()
    def both_say_the_same(self) -> None:
        assert self.disk.through() == self.memory.through()
        assert self.feed.revision() == self.memory.revision()
        for store_id in (STORE, OTHER_STORE):
            documents = [order_document(number, store_id) for number in range(1, 5)]
            assert self.disk.tellings(documents) == self.memory.tellings(documents)
            people = [ANNA, BEN]
            assert self.disk.orders_of(store_id, people) == self.memory.orders_of(store_id, people)
            assert self.feed.products(store_id) == self.memory.products(store_id)
            for month in ("2026-11", "2026-12"):
                partition = MonthPartition(store_id, month)
                assert self.feed.month_orders(partition) == self.memory.month_orders(partition)
                by_customer = tuple(self.feed.month_by_customer(partition))
                assert by_customer == tuple(self.memory.month_by_customer(partition))
                stock = MonthPartition(store_id, f"{STOCK}{month}")
                levels = list(self.feed.month_levels(stock))
                assert levels == list(self.memory.month_levels(stock))

    def teardown(self) -> None:
        self.feed.close()
        self.disk.close()
        shutil.rmtree(self.folder)


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=20,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
