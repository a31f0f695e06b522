"""Variants and stock in the history: what changed is copied; an upgrade copies the rest once."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
from offline_cases import rows
from simulated_system import SimulatedSystem

from shopwright.adapters.ledger_feed_sqlite import SqliteLedgerFeed
from shopwright.adapters.ledger_sqlite import SqliteLedger
from shopwright.adapters.memory_control import MemoryStores
from shopwright.adapters.memory_ledger import MemoryLedger
from shopwright.adapters.offline_duckdb import DuckDbOfflineStore
from shopwright.adapters.offline_manifest import Manifest, commit, read_newest
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import Document, LedgerChanges, Telling
from shopwright.core.types.log import Position
from shopwright.core.types.product import ProductFact, Variant
from shopwright.core.types.stock import LevelFact
from shopwright.core.types.store import Store
from shopwright.events import level_chain, product_chain, stock, variant_chain
from shopwright.pipelines.archive import Archiver
from shopwright.simulator.faults import Faults, deliver
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import PROFILES, open_store

ONE, TWO = StoreId("a.myshopify.com"), StoreId("b.myshopify.com")
NOVEMBER_US = 20_780 * US_PER_DAY  # 2026-11-23
MUG = ProductFact(
    product_id="7",
    updated_us=NOVEMBER_US,
    triggered_us=0,
    title="Mug",
    category="",
    status="active",
    vendor="",
    deleted=False,
    variants=(
        Variant(
            variant_id="8",
            sku="MUG",
            title="Blue",
            price_minor=500,
            stock=1,
            inventory_item_id="9",
        ),
    ),
)


class Home:
    """A ledger on disk and its history; archived anew by each ``step``, as after a restart."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledger" / "00.sqlite"
        self.offline = DuckDbOfflineStore(folder / "offline")

    def tell(self, store_id: StoreId, *told: LevelFact | ProductFact) -> None:
        gathered: dict[Document, tuple[Telling, ...]] = {}
        products = {}
        with closing(SqliteLedger(self.path)) as ledger:
            for one in told:
                if isinstance(one, ProductFact):
                    document = Document(store_id, "product", one.product_id.encode())
                    gathered[document] = (one,)
                    products[document] = product_chain.chain(store_id, one.product_id, [one])
                else:
                    for document in stock.documents_of(store_id, one):
                        known = gathered.get(document) or ledger.tellings([document]).get(
                            document, ()
                        )
                        gathered[document] = stock.keep(document.kind, [*known, one])
            ledger.commit(
                LedgerChanges(
                    tellings=gathered,
                    orders={},
                    products=products,
                    records=[],
                    dead_letters=[],
                    through=Position({}),
                )
            )

    def step(self) -> int:
        with closing(SqliteLedgerFeed(self.path)) as feed:
            return Archiver(
                feed=feed, history=feed, stores=MemoryStores(), offline=self.offline
            ).step()

    def levels(self, store_id: StoreId) -> list[tuple[object, ...]]:
        sql = "SELECT known_us, available FROM levels ORDER BY known_us"
        return rows(self.offline.query(sql, [store_id], None))

    def files(self) -> dict[str, str]:
        return {
            f"{relation}/{store_id}/{month}": name
            for relation, stores in read_newest(self.offline._folder).files.items()
            for store_id, months in stores.items()
            for month, name in months.items()
        }


def level(updated_us: int, available: int, location: str = "1") -> LevelFact:
    return LevelFact(item="9", location=location, updated_us=updated_us, available=available)


def test_only_the_month_of_a_changed_level_is_written_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.tell(ONE, MUG, level(NOVEMBER_US - 30 * US_PER_DAY, 5), level(NOVEMBER_US, 4))
    home.tell(TWO, MUG, level(NOVEMBER_US, 4))
    assert home.step() == 5
    before = home.files()
    assert len(before) == 7  # products and variants are two files of one partition
    home.tell(ONE, level(NOVEMBER_US + 1, 3))
    assert home.step() == 1
    after = home.files()
    assert {at for at in after if after[at] != before[at]} == {f"level_changes/{ONE}/stock-2026-11"}
    assert home.levels(ONE) == [
        (NOVEMBER_US - 30 * US_PER_DAY, 5),
        (NOVEMBER_US + 1, 3),
    ]
    assert home.step() == 0


def test_a_level_told_again_has_nothing_written(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.tell(ONE, level(NOVEMBER_US, 4))
    home.step()
    before = home.files()
    home.tell(ONE, level(NOVEMBER_US, 4))
    home.step()
    assert home.files() == before


def test_after_an_upgrade_everything_that_is_new_is_copied_once(tmp_path: Path) -> None:
    """The folder and the ledger are made what the release before would have left."""
    home = Home(tmp_path)
    home.tell(ONE, MUG, level(NOVEMBER_US, 4))
    home.tell(TWO, level(NOVEMBER_US, 6))
    home.step()
    new = home.files()
    with closing(sqlite3.connect(home.path)) as older, older:
        older.execute("DELETE FROM changed_months WHERE month LIKE 'stock-%'")
        _drop_what_is_new(older)
    folder = tmp_path / "offline"
    state = read_newest(folder)
    files = {"products": state.files["products"]}
    commit(folder, Manifest(number=state.number + 1, through=state.through, files=files))
    assert home.levels(ONE) == []
    assert len(home.offline.query("SELECT * FROM variants", [ONE], None)["sku"]) == 0
    assert home.step() == 3
    assert home.files() == new
    assert home.levels(TWO) == [(NOVEMBER_US, 6)]
    assert home.step() == 0


def _drop_what_is_new(ledger: sqlite3.Connection) -> None:
    for column in ("sold", "discount_minor"):
        ledger.execute(f"ALTER TABLE order_versions DROP COLUMN {column}")
    ledger.execute("PRAGMA user_version = 2")


def test_a_ledger_without_products_and_stock_is_not_copied_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.tell(ONE)
    assert home.step() == 0
    with closing(sqlite3.connect(home.path)) as older, older:
        _drop_what_is_new(older)
    with closing(SqliteLedgerFeed(home.path)) as feed:
        assert feed.revision() == 1


def test_a_replaced_ledger_takes_away_what_only_the_copy_has(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.tell(ONE, MUG, level(NOVEMBER_US - 30 * US_PER_DAY, 5), level(NOVEMBER_US, 4))
    home.step()
    with closing(sqlite3.connect(home.path)) as replaced, replaced:
        replaced.execute("DELETE FROM documents WHERE CAST(key AS TEXT) LIKE '%2026-10'")
        replaced.execute("DELETE FROM changed_months WHERE month = 'stock-2026-10'")
        replaced.execute("DELETE FROM product_versions")
        replaced.execute("DELETE FROM changed_months WHERE month = 'all'")
        replaced.execute("UPDATE meta SET value = value + (1 << 40)")
    with closing(SqliteLedgerFeed(home.path)) as feed:
        stores = MemoryStores()
        stores.put(Store(store_id=ONE, currency="EUR", timezone="UTC", added_us=0))
        Archiver(feed=feed, history=feed, stores=stores, offline=home.offline).step()
    assert set(home.files()) == {f"level_changes/{ONE}/stock-2026-11"}


def test_the_history_of_a_simulated_store_says_what_the_ledger_says() -> None:
    shop = open_store(
        PROFILES[0], NOVEMBER_US, 1, Scale(customers=15, days=60, fulfilment_told_share=0)
    )
    system = SimulatedSystem(shop, 1)
    arrivals = deliver(shop.webhooks(), Faults(dropped_share=0.0), np.random.default_rng(1))
    system.feed(arrivals, batch=50)
    system.settle()
    store_id = system.store.store_id
    facts = _facts(system.ledger)
    assert len({stock.documents_of(store_id, one)[1] for one in facts}) > 100
    for day in (-50, -31, -30, -10, 0, 1):
        as_of_us = NOVEMBER_US + day * US_PER_DAY
        sql = (
            "SELECT item, location, available FROM levels "
            f"WHERE known_us < {as_of_us} AND known_until_us >= {as_of_us} ORDER BY item, location"
        )
        assert rows(system.offline.query(sql, [store_id], None)) == [
            (one.item, one.location, one.available)
            for one in level_chain.chain(store_id, facts)
            if one.known_us < as_of_us <= one.known_until_us
        ]
    sql = "SELECT * FROM variants ORDER BY product_id, variant_id, known_us"
    expected = variant_chain.chain(system.ledger.products(store_id))
    assert len(expected) > 50
    found = rows(system.offline.query(sql, [store_id], None))
    assert found == [
        tuple(getattr(one, name) for name in one.__struct_fields__)
        for one in sorted(expected, key=lambda v: (v.product_id, v.variant_id, v.known_us))
    ]


def _facts(ledger: MemoryLedger) -> list[LevelFact]:
    return [
        fact
        for document, told in ledger.documents()
        if document.kind == stock.PAST
        for fact in told
        if isinstance(fact, LevelFact)
    ]
