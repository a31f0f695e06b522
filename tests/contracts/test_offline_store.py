"""OfflineStore: partitions are replaced whole, and SQL sees exactly what was written."""

from pathlib import Path

import numpy as np
import pytest
from feature_parity import Ledger, bits, by_oracle, objects, spine_of, value_at
from offline_cases import (
    ANNA,
    BEN,
    NOVEMBER,
    OCTOBER,
    ONE,
    TWO,
    by_month,
    catalogue,
    count,
    level,
    order,
    product,
    rows,
    variant,
)
from order_histories import MIDNIGHT, STORES, many

from shopwright.adapters.memory_offline import MemoryOfflineStore
from shopwright.adapters.offline_duckdb import DuckDbOfflineStore
from shopwright.adapters.offline_query import Limits
from shopwright.core.errors import BadInput, NotReady
from shopwright.core.ports import OfflineStore
from shopwright.core.types.history import StoreTables
from shopwright.core.types.ledger import MonthPartition
from shopwright.core.types.order import UNTIL_FOREVER_US
from shopwright.core.types.product import VariantVersion
from shopwright.core.types.stock import LevelVersion
from shopwright.features.definitions import CUSTOMER
from shopwright.features.sql import point_in_time_sql

RELATIONS = ("orders", "lines", "products", "variants", "levels")


class OfflineStoreContract:
    """What every offline store does."""

    @pytest.fixture
    def store(self) -> OfflineStore:
        raise NotImplementedError

    def test_an_empty_store_has_typed_relations_without_rows(self, store: OfflineStore) -> None:
        assert store.through() == 0
        assert store.forget(ONE, ANNA) == 0
        sql = "SELECT o.customer, o.net_minor, o.valid FROM orders AS o"
        columns = store.query(sql, [ONE], None)
        assert [column.dtype for column in columns.values()] == [object, np.int64, np.bool_]
        assert [count(store, name) for name in RELATIONS] == [0] * 5

    def test_every_column_of_an_order_is_read_back(self, store: OfflineStore) -> None:
        store.write({OCTOBER: [order(258, ANNA), order(2, None)]}, {}, through=1)
        found = store.query("SELECT * FROM orders ORDER BY order_key", [ONE], None)
        assert list(found) == [
            "store_id",
            "order_key",
            "version",
            "customer",
            "known_us",
            "known_until_us",
            "occurred_us",
            "valid",
            "sold",
            "gross_minor",
            "refund_minor",
            "net_minor",
            "discount_minor",
            "list_minor",
        ]
        times = (MIDNIGHT + 1, UNTIL_FOREVER_US, MIDNIGHT)
        amounts = (1_000, 300, 700, 250, 1_250)
        assert rows(found) == [
            (ONE, b"\2" + bytes(15), 3, None, *times, False, True, *amounts),
            (ONE, b"\2\1" + bytes(14), 3, ANNA, *times, True, True, *amounts),
        ]

    def test_every_column_of_a_line_is_read_back(self, store: OfflineStore) -> None:
        store.write({OCTOBER: [order(1, ANNA)]}, {}, through=1)
        found = store.query("SELECT * FROM lines ORDER BY line_no", [ONE], None)
        shared = (ANNA, MIDNIGHT + 1, UNTIL_FOREVER_US, MIDNIGHT, True, True)
        head = (ONE, b"\1" + bytes(15), 3)
        assert rows(found) == [
            (*head, 0, *shared, "11", "7", "8", "RED-ü'\"; --", 2, 1_000, False, 250, 1, 300),
            (*head, 1, *shared, "12", None, None, None, 1, 5_000, True, 0, 0, 0),
        ]
        assert list(found)[3:10] == [
            "line_no",
            "customer",
            "known_us",
            "known_until_us",
            "occurred_us",
            "valid",
            "sold",
        ]
        assert list(found)[10:] == [
            "line_id",
            "product_id",
            "variant_id",
            "sku",
            "quantity",
            "gross_minor",
            "gift_card",
            "discount_minor",
            "returned",
            "refund_minor",
        ]

    def test_every_column_of_a_product_is_read_back(self, store: OfflineStore) -> None:
        store.write({}, {ONE: catalogue(product("7", "Boots", version=2, deleted=True))}, through=1)
        found = store.query("SELECT * FROM products", [ONE], None)
        assert dict(zip(found, rows(found)[0], strict=True)) == {
            "store_id": ONE,
            "product_id": "7",
            "version": 2,
            "known_us": MIDNIGHT,
            "known_until_us": UNTIL_FOREVER_US,
            "title": "Böot ☃",
            "category": "Boots",
            "status": "active",
            "deleted": True,
        }

    def test_every_column_of_a_variant_is_read_back(self, store: OfflineStore) -> None:
        bare = variant("9", version=3, sku=None, inventory_item_id=None, deleted=True)
        store.write({}, {ONE: StoreTables(variants=[bare, variant("8")])}, through=1)
        found = store.query("SELECT * FROM variants ORDER BY variant_id", [ONE], None)
        assert list(found) == list(VariantVersion.__struct_fields__)
        times = (MIDNIGHT, UNTIL_FOREVER_US)
        assert rows(found) == [
            (ONE, "7", "8", 0, *times, "RED-ü", 2**62, "9", False),
            (ONE, "7", "9", 3, *times, None, 2**62, None, True),
        ]

    def test_a_level_ends_where_the_next_begins_in_whichever_month(
        self, store: OfflineStore
    ) -> None:
        months = {
            "stock-2025-10": [level(30, None), level(10, -2), level(20, 5, location="2")],
            "stock-2025-12": iter([level(40, 2**62)]),
        }
        store.write({}, {ONE: StoreTables(levels=months)}, through=1)
        found = store.query("SELECT * FROM levels ORDER BY location, known_us", [ONE], None)
        assert list(found) == list(LevelVersion.__struct_fields__)
        assert rows(found) == [
            (ONE, "9", "1", 10, 30, -2),
            (ONE, "9", "1", 30, 40, None),
            (ONE, "9", "1", 40, UNTIL_FOREVER_US, 2**62),
            (ONE, "9", "2", 20, UNTIL_FOREVER_US, 5),
        ]
        late = {"stock-2025-11": [level(35, 7)], "stock-2025-12": []}
        store.write({}, {ONE: StoreTables(levels=late)}, through=2)
        found = store.query("SELECT * FROM levels WHERE location = '1'", [ONE], None)
        ends = sorted(found["known_until_us"].tolist())
        assert ends == [30, 35, UNTIL_FOREVER_US]

    def test_levels_of_two_stores_do_not_end_each_other(self, store: OfflineStore) -> None:
        tables = {
            one: StoreTables(levels={"stock-2025-10": [level(at, at, store_id=one)]})
            for one, at in ((ONE, 10), (TWO, 20))
        }
        store.write({}, tables, through=1)
        found = store.query("SELECT * FROM levels", [ONE, TWO], None)
        assert found["known_until_us"].tolist() == [UNTIL_FOREVER_US] * 2

    def test_a_table_that_is_left_out_stays(self, store: OfflineStore) -> None:
        levels = {"stock-2025-10": [level(10, 1)], "stock-2025-11": [level(20, 1)]}
        full = StoreTables(products=[product("7", "A")], variants=[variant("8")], levels=levels)
        store.write({}, {ONE: full}, through=1)
        store.write({}, {ONE: StoreTables(levels={"stock-2025-11": []})}, through=2)
        assert [count(store, name) for name in RELATIONS[2:]] == [1, 1, 1]
        store.write({}, {ONE: StoreTables(variants=[])}, through=3)
        assert [count(store, name) for name in RELATIONS[2:]] == [1, 0, 1]

    def test_a_partition_is_replaced_whole_and_others_stay(self, store: OfflineStore) -> None:
        store.write({OCTOBER: [order(1, ANNA), order(2, ANNA)]}, {}, through=1)
        store.write({NOVEMBER: [order(3, BEN)]}, {ONE: catalogue(product("7", "A"))}, through=2)
        store.write({OCTOBER: [order(4, ANNA)]}, {ONE: catalogue(product("8", "A"))}, through=3)
        keys = store.query("SELECT order_key FROM orders ORDER BY order_key", [ONE], None)
        assert [key[0] for key in keys["order_key"]] == [3, 4]
        products = store.query("SELECT product_id FROM products", [ONE], None)
        assert products["product_id"].tolist() == ["8"]
        assert store.through() == 3

    def test_a_partition_may_become_empty(self, store: OfflineStore) -> None:
        store.write({OCTOBER: [order(1, ANNA)]}, {ONE: catalogue(product("7", "A"))}, through=1)
        store.write({OCTOBER: []}, {ONE: catalogue()}, through=2)
        assert [count(store, name) for name in RELATIONS] == [0] * 5
        assert store.through() == 2

    def test_writing_nothing_still_moves_through(self, store: OfflineStore) -> None:
        store.write({}, {}, through=9)
        assert store.through() == 9

    def test_an_order_without_lines_has_none(self, store: OfflineStore) -> None:
        store.write({OCTOBER: [order(1, ANNA, lines=())]}, {}, through=1)
        assert (count(store, "orders"), count(store, "lines")) == (1, 0)

    def test_only_the_stores_asked_for_are_seen(self, store: OfflineStore) -> None:
        other = MonthPartition(TWO, "2025-10")
        store.write(
            {OCTOBER: [order(1, ANNA)], other: [order(1, ANNA, store_id=TWO)] * 2},
            {
                ONE: catalogue(product("7", "A")),
                TWO: catalogue(*[product("7", "A", store_id=TWO)] * 3),
            },
            through=1,
        )
        seen = {
            asked: (count(store, "orders", asked), count(store, "products", asked))
            for asked in ((), (ONE,), (TWO,), (ONE, TWO), (TWO, TWO))
        }
        assert list(seen.values()) == [(0, 0), (1, 1), (2, 3), (3, 4), (2, 3)]

    def test_features_as_of_any_instant_are_the_oracles(self, store: OfflineStore) -> None:
        versions, questions = many(60)
        store.write(by_month(versions), {}, through=1)
        found = store.query(point_in_time_sql(CUSTOMER), STORES, spine_of(questions))
        ledger = Ledger(versions)
        for i, question in enumerate(questions):
            answer = {name: value_at(found[name], i) for name in CUSTOMER.names}
            assert bits(answer) == bits(by_oracle(ledger.of(question), question))

    def test_a_forgotten_customer_is_in_no_row_and_the_partitions_are_counted(
        self, store: OfflineStore
    ) -> None:
        september = MonthPartition(ONE, "2025-09")
        other = MonthPartition(TWO, "2025-10")
        store.write(
            {
                september: [order(1, BEN), order(2, None)],
                OCTOBER: [order(3, ANNA), order(4, BEN), order(5, ANNA, lines=())],
                NOVEMBER: [order(6, ANNA, lines=())],
                other: [order(7, ANNA, store_id=TWO)],
            },
            {ONE: catalogue(product("7", "A"))},
            through=5,
        )
        assert store.forget(ONE, ANNA) == 2
        assert store.forget(ONE, ANNA) == 0
        left = store.query("SELECT customer FROM orders", [ONE], None)["customer"]
        assert sorted(bytes(one) for one in left.compressed()) == [BEN, BEN]
        assert (count(store, "orders", [ONE]), count(store, "lines", [ONE])) == (3, 6)
        assert (count(store, "orders", [TWO]), count(store, "products", [ONE])) == (1, 1)
        assert store.through() == 5

    def test_a_forgotten_store_has_no_partition_and_others_keep_theirs(
        self, store: OfflineStore
    ) -> None:
        store.write(
            {
                OCTOBER: [order(3, ANNA), order(4, None)],
                NOVEMBER: [order(6, BEN, lines=())],
                MonthPartition(TWO, "2025-10"): [order(7, ANNA, store_id=TWO)],
            },
            {
                ONE: StoreTables(
                    products=[product("7", "A")],
                    variants=[variant("8")],
                    levels={"stock-2025-10": [level(1, 2)], "stock-2025-11": []},
                ),
                TWO: StoreTables(levels={"stock-2025-10": [level(1, 2, store_id=TWO)]}),
            },
            through=5,
        )
        assert store.forget(ONE, None) == 4
        assert store.forget(ONE, None) == 0
        for relation, left in zip(RELATIONS, (1, 2, 0, 0, 1), strict=True):
            assert count(store, relation, [ONE, TWO]) == left
            assert count(store, relation, [ONE]) == 0
        assert store.through() == 5

    def test_a_column_with_nulls_is_masked_and_one_without_is_not(
        self, store: OfflineStore
    ) -> None:
        spine = {"row_id": np.arange(3), "as_of_us": np.array([1, 2, 3])}
        found = store.query(
            "SELECT row_id, CASE WHEN row_id > 0 THEN as_of_us END AS a,"
            " CASE WHEN row_id > 0 THEN CAST(as_of_us AS DOUBLE) END AS b,"
            " CASE WHEN row_id > 0 THEN row_id = 1 END AS c,"
            " CASE WHEN row_id > 0 THEN 'x' END AS d FROM spine ORDER BY row_id",
            [ONE],
            spine,
        )
        assert rows(found) == [(0, *[None] * 4), (1, 2, 2.0, True, "x"), (2, 3, 3.0, False, "x")]
        masked = [isinstance(column, np.ma.MaskedArray) for column in found.values()]
        assert masked == [False, True, True, True, True]

    def test_a_spine_may_bring_columns_of_its_own(self, store: OfflineStore) -> None:
        spine = {
            "row_id": np.arange(2, dtype=np.int32),
            "entity": objects([ANNA, None]),
            "label": np.array([True, False]),
            "weight": np.array([0.5, 1.5]),
            "fold": np.ma.MaskedArray([1, 2], mask=[True, False]),
        }
        found = store.query("SELECT * FROM spine ORDER BY row_id", [], spine)
        assert rows(found) == [(0, ANNA, True, 0.5, None), (1, None, False, 1.5, 2)]

    @pytest.mark.parametrize(
        ("column", "problem"),
        [
            (np.array([b"ab", b"c"]), "fixed-width bytes"),
            (np.array([1, 2, 3]), "lengths"),
            (objects(["text", 1.5]), "not what it should be"),
        ],
    )
    def test_a_spine_that_would_be_misread_is_refused(
        self, store: OfflineStore, column: "np.ndarray[object, np.dtype[np.void]]", problem: str
    ) -> None:
        with pytest.raises(BadInput, match=problem):
            store.query("SELECT 1", [], {"row_id": np.arange(2), "entity": column})

    @pytest.mark.parametrize(
        ("sql", "problem"),
        [
            ("SELECT nothing FROM orders", "nothing"),
            ("SELEC 1", "syntax error"),
            ("SELECT * FROM spine", "spine"),
            ("SELECT SUM(net_minor) AS total FROM orders", "cast it to BIGINT"),
            ("SELECT 1.5 AS half", "'half' as decimal"),
            ("SELECT CAST('many' AS BIGINT) AS n FROM products", "many"),
        ],
    )
    def test_a_text_that_cannot_run_is_refused(
        self, store: OfflineStore, sql: str, problem: str
    ) -> None:
        store.write({}, {ONE: catalogue(product("7", "A"))}, through=1)
        with pytest.raises(BadInput, match=problem):
            store.query(sql, [ONE], None)

    def test_no_variable_of_the_program_is_a_table(self, store: OfflineStore) -> None:
        secrets = [{"key": "value"}]
        with pytest.raises(BadInput, match="secrets"):
            store.query("SELECT * FROM secrets", [ONE], None)
        assert secrets

    def test_a_query_that_needs_more_memory_than_allowed_says_so(
        self, small_store: OfflineStore
    ) -> None:
        small_store.write({}, {}, through=1)
        with pytest.raises(NotReady, match="more than 16 MB"):
            small_store.query("SELECT list(range) AS l FROM range(20000000)", [ONE], None)


class TestMemoryOfflineStore(OfflineStoreContract):
    @pytest.fixture
    def store(self) -> OfflineStore:
        return MemoryOfflineStore()

    @pytest.fixture
    def small_store(self) -> OfflineStore:
        return MemoryOfflineStore(Limits(threads=1, memory_mb=16))


class TestDuckDbOfflineStore(OfflineStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> OfflineStore:
        return DuckDbOfflineStore(tmp_path / "offline")

    @pytest.fixture
    def small_store(self, tmp_path: Path) -> OfflineStore:
        return DuckDbOfflineStore(tmp_path / "offline", Limits(threads=1, memory_mb=16))
