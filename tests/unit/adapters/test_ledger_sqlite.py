"""What the ledger on SQLite adds to its contract: its file, its writer, its query plans."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from shopwright.adapters.ledger_feed_sqlite import SqliteLedgerFeed
from shopwright.adapters.ledger_sqlite import SqliteLedger
from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import Busy, Damaged
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, LedgerChanges
from shopwright.core.types.log import Position
from shopwright.core.types.order import UNTIL_FOREVER_US, OrderFact, OrderVersion

STORE = StoreId("a.myshopify.com")
ANNA = Pseudonym(b"anna is erased  ")
DAY_US = 20_780 * US_PER_DAY


def order(number: int, customer: Pseudonym) -> tuple[Document, OrderFact, OrderVersion]:
    who = Pseudonym(number.to_bytes(16, "big"))
    fact = OrderFact(
        order=who,
        customer=customer,
        occurred_us=DAY_US,
        created_us=DAY_US,
        updated_us=DAY_US,
        triggered_us=0,
        test=False,
        confirmed=True,
        cancelled_us=None,
        voided=False,
        edited_off=(),
        lines=(),
        refunds=(),
    )
    version = OrderVersion(
        store_id=STORE,
        order=who,
        version=0,
        customer=customer,
        known_us=DAY_US,
        known_until_us=UNTIL_FOREVER_US,
        occurred_us=DAY_US,
        valid=True,
        gross_minor=1,
        refund_minor=0,
        lines=(),
        reconstructed=False,
        sold=True,
        discount_minor=0,
    )
    return Document(STORE, "order", who), fact, version


def changes(first: int, count: int, customer: Pseudonym = ANNA) -> LedgerChanges:
    orders = [order(number, customer) for number in range(first, first + count)]
    return LedgerChanges(
        tellings={document: (fact,) for document, fact, _ in orders},
        orders={document: (version,) for document, _, version in orders},
        products={},
        records=[
            PackedRecord(
                store_id=STORE,
                view="customer",
                entity=customer,
                revision=0,
                received_us=1,
                state=bytes(20),
            )
        ],
        dead_letters=(),
        through=Position({"web-0": first + count}),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "00.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(path)
    yield ledger
    ledger.close()


def test_it_has_one_writer(ledger: SqliteLedger, path: Path) -> None:
    with pytest.raises(Busy, match=f"the ledger .* process {os.getpid()}"):
        SqliteLedger(path)
    ledger.close()
    SqliteLedger(path).close()


def test_others_read_beside_the_writer_and_cannot_write(ledger: SqliteLedger, path: Path) -> None:
    reader = SqliteLedger(path, read_only=True)
    ledger.commit(changes(1, 2))
    assert reader.through() == {"web-0": 3}
    assert len(reader.orders_of(STORE, [ANNA])[ANNA]) == 2
    with pytest.raises(OSError, match="readonly") as caught:
        reader.commit(changes(3, 1))
    assert caught.value.errno == errno.EROFS
    reader.close()


def test_an_erased_customer_is_nowhere_in_the_files(ledger: SqliteLedger, path: Path) -> None:
    other = Pseudonym(b"ben stays here  ")
    ledger.commit(changes(1, 300))
    ledger.commit(changes(400, 300, other))
    # Rewritten rows leave older copies of themselves in pages and in the write-ahead log.
    ledger.commit(changes(1, 150))
    assert any(bytes(ANNA) in file.read_bytes() for file in path.parent.iterdir())
    assert ledger.forget(STORE, ANNA) == 300
    for file in path.parent.iterdir():
        assert bytes(ANNA) not in file.read_bytes(), file
    assert any(bytes(other) in file.read_bytes() for file in path.parent.iterdir())
    ledger.close()
    assert bytes(ANNA) not in path.read_bytes()


def test_an_erased_store_is_nowhere_in_the_files(ledger: SqliteLedger, path: Path) -> None:
    ledger.commit(changes(1, 300))
    ledger.commit(changes(1, 150))
    assert ledger.forget(STORE, None) == 300
    for file in path.parent.iterdir():
        content = file.read_bytes()
        assert bytes(ANNA) not in content, file
        assert STORE.encode() not in content, file


def test_a_failed_commit_changes_nothing(ledger: SqliteLedger, path: Path) -> None:
    ledger.commit(changes(1, 2))
    document, fact, version = order(9, ANNA)
    half = replace(
        changes(5, 1),
        tellings={document: (fact,)},
        orders={document: (version, version)},  # twice one key: the second row is refused
    )
    with pytest.raises(sqlite3.IntegrityError):
        ledger.commit(half)
    feed = SqliteLedgerFeed(path)
    assert feed.revision() == 1
    assert ledger.through() == {"web-0": 3}
    assert ledger.tellings([document]) == {}
    assert ledger.commit(changes(5, 1)) == 2
    feed.close()


def test_a_full_disk_is_said_and_changes_nothing(ledger: SqliteLedger) -> None:
    ledger.commit(changes(1, 2))
    connection = ledger._file._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(OSError, match="full") as caught:
        ledger.commit(changes(10, 2_000))
    assert caught.value.errno == errno.ENOSPC
    assert ledger.through() == {"web-0": 3}
    connection.execute("PRAGMA max_page_count = 1000000")
    assert ledger.commit(changes(10, 2_000)) == 2


def test_a_row_that_cannot_be_read_is_damage_and_names_the_file(
    ledger: SqliteLedger, path: Path
) -> None:
    ledger.commit(changes(1, 1))
    document, _, _ = order(1, ANNA)
    with ledger._file.transaction() as connection:
        connection.execute("UPDATE documents SET tellings = x'93c1'")
        connection.execute("UPDATE order_versions SET lines = x'01'")
    with pytest.raises(Damaged, match=r"00\.sqlite"):
        ledger.tellings([document])
    with pytest.raises(Damaged, match=r"00\.sqlite"):
        ledger.orders_of(STORE, [ANNA])


def test_no_query_walks_through_a_whole_store(ledger: SqliteLedger, path: Path) -> None:
    """A plan that does costs milliseconds a row once a store has a million of them."""
    feed = SqliteLedgerFeed(path)
    statements: set[str] = set()
    for database in (ledger._file, feed._file):
        database._connection.set_trace_callback(statements.add)
    ledger.commit(changes(1, 3))
    documents = [order(1, ANNA)[0]]
    ledger.tellings(documents)
    ledger.orders_of(STORE, [ANNA])
    feed.records("customer", 0, 1)
    for month in feed.changed_months(0):
        feed.month_orders(month)
    feed.products(STORE)
    for database in (ledger._file, feed._file):
        database._connection.set_trace_callback(None)
    explained = 0
    for statement in statements:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            plan = ledger._file.rows(f"EXPLAIN QUERY PLAN {statement}")
            steps = [str(row[3]) for row in plan]
            explained += len(steps)
            assert not [step for step in steps if _walks(step)], (statement, steps)
    assert explained >= 10
    feed.close()


def _walks(step: str) -> bool:
    if step.startswith("SCAN position"):  # one row for each partition of the log
        return False
    alone = step.endswith("(store_id=?)") and "product_versions" not in step
    return step.startswith("SCAN") or alone
