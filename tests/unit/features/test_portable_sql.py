"""The SQL keeps to what DuckDB and Spark share, and asks the right people."""

import re

import numpy as np
import pytest
from feature_parity import objects, spine_of
from order_histories import CUSTOMERS, DAY, MIDNIGHT, STORES, Question

from shopwright.adapters.memory_offline import MemoryOfflineStore
from shopwright.core.types.history import StoreTables
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import MonthPartition
from shopwright.core.types.order import UNTIL_FOREVER_US, Line, OrderVersion
from shopwright.core.types.product import ProductVersion
from shopwright.features.category import leading_category_sql
from shopwright.features.definitions import CUSTOMER, VIEWS
from shopwright.features.item_sql import item_sql
from shopwright.features.items import ITEM_VIEWS
from shopwright.features.sql import point_in_time_sql, population_sql

TEXTS = {
    **{view.label: point_in_time_sql(view) for view in VIEWS},
    **{view.label: item_sql(view) for view in ITEM_VIEWS},
    "population": population_sql(),
    "category": leading_category_sql(),
}
SHARED_FUNCTIONS = {"CAST", "COUNT", "SUM", "MIN", "MAX", "FILTER", "ROW_NUMBER", "OVER"}
NOT_FUNCTIONS = {"AS", "IN", "ON", "AND", "OR", "WHEN", "FROM"}
each_text = pytest.mark.parametrize("name", TEXTS)


@each_text
def test_only_functions_that_both_engines_share(name: str) -> None:
    called = set(re.findall(r"\b([A-Za-z_]\w*)\s*\(", TEXTS[name]))
    assert called - NOT_FUNCTIONS <= SHARED_FUNCTIONS


@each_text
def test_nothing_that_the_engines_read_differently(name: str) -> None:
    text = TEXTS[name]
    assert not re.search(
        r"\b(EXTRACT|INTERVAL|TIMESTAMP|DATE|EPOCH|NOW|DECIMAL)\b", text, re.IGNORECASE
    )
    assert not re.search(r"\d\.\d", text), "a decimal literal is DECIMAL in Spark"
    assert '"' not in text, "a quoted name is a string in Spark"
    assert text.isascii()


@each_text
def test_every_count_and_sum_is_cast_and_every_division_is_of_doubles(name: str) -> None:
    text = TEXTS[name]
    for found in re.finditer(r"\b(COUNT|SUM)\(", text):
        assert text[: found.start()].endswith("CAST("), text[found.start() :][:60]
    assert text.count("AS BIGINT)") >= len(re.findall(r"\b(?:COUNT|SUM)\(", text))
    for found in re.finditer(r" [/] ", text):
        assert text[: found.start()].endswith("AS DOUBLE)")
        assert text[found.end() :].startswith("CAST(")
    for found in re.finditer(r"AS DOUBLE\) \* ", text):
        assert text[found.end() :].startswith("CAST("), "a double is only multiplied by a double"


def test_the_answer_has_64_bit_columns_in_the_views_order() -> None:
    questions = [Question(STORES[0], CUSTOMERS[0], MIDNIGHT, 100, MIDNIGHT)] * 3
    columns = MemoryOfflineStore().query(point_in_time_sql(CUSTOMER), [], spine_of(questions))
    assert list(columns) == ["row_id", *CUSTOMER.names]
    assert columns["row_id"].tolist() == [0, 1, 2]
    whole = {name for name, column in columns.items() if column.dtype == np.int64}
    assert whole == {name for name in columns if "orders" in name or "net" in name} | {"row_id"}
    assert all(columns[name].dtype == np.float64 for name in columns if name not in whole)


def test_no_question_gets_no_answer() -> None:
    columns = MemoryOfflineStore().query(point_in_time_sql(CUSTOMER), [], spine_of([]))
    assert [len(column) for column in columns.values()] == [0] * 13


def _order(number: int, customer: Pseudonym | None, **changes: object) -> OrderVersion:
    fields: dict[str, object] = {
        "store_id": STORES[0],
        "order": Pseudonym(number.to_bytes(16, "big")),
        "version": 0,
        "customer": customer,
        "known_us": MIDNIGHT,
        "known_until_us": UNTIL_FOREVER_US,
        "occurred_us": MIDNIGHT,
        "valid": True,
        "gross_minor": 100,
        "refund_minor": 0,
        "lines": (),
        "reconstructed": False,
        "sold": True,
        "discount_minor": 0,
    }
    return OrderVersion(**{**fields, **changes})  # type: ignore[arg-type]


def _store(
    versions: list[OrderVersion], products: list[ProductVersion] | None = None
) -> MemoryOfflineStore:
    store = MemoryOfflineStore()
    months: dict[MonthPartition, list[OrderVersion]] = {}
    for one in versions:
        months.setdefault(MonthPartition(one.store_id, "2025-10"), []).append(one)
    store.write(months, {STORES[0]: StoreTables(products=products or [])}, through=1)
    return store


def test_the_population_is_everyone_with_a_valid_order_as_known_before_the_instant() -> None:
    a, b, c, d = CUSTOMERS
    store = _store(
        [
            _order(1, a),
            _order(2, a),
            _order(3, b, valid=False),
            _order(4, c, known_us=MIDNIGHT + DAY),
            _order(5, d, known_until_us=MIDNIGHT + DAY),
            _order(6, None, valid=False),
            _order(7, b, occurred_us=MIDNIGHT + DAY),
            _order(8, b, store_id=STORES[1]),
        ]
    )
    instants = [MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + DAY, MIDNIGHT + DAY + 1]
    spine = {
        "row_id": np.arange(4),
        "store_id": objects([STORES[0]] * 4),
        "as_of_us": np.array(instants),
    }
    found = store.query(population_sql(), STORES, spine)
    people: dict[int, list[bytes]] = {row: [] for row in range(4)}
    for row, store_id, entity in zip(*found.values(), strict=True):
        assert store_id == STORES[0]
        people[int(row)].append(entity)
    assert people == {0: [], 1: [a, d], 2: [a, d], 3: [a, b, c]}


def _line(product_id: str | None, gross_minor: int, quantity: int = 1, gift: bool = False) -> Line:
    return Line(
        line_id="1",
        product_id=product_id,
        variant_id=None,
        sku=None,
        quantity=quantity,
        gross_minor=gross_minor,
        gift_card=gift,
    )


def _product(product_id: str, category: str, **changes: object) -> ProductVersion:
    fields: dict[str, object] = {
        "store_id": STORES[0],
        "product_id": product_id,
        "version": 0,
        "known_us": MIDNIGHT - DAY,
        "known_until_us": UNTIL_FOREVER_US,
        "title": product_id,
        "category": category,
        "status": "active",
        "deleted": False,
        "variants": (),
    }
    return ProductVersion(**{**fields, **changes})  # type: ignore[arg-type]


PRODUCTS = [
    _product("hat", "Hats"),
    _product("cap", "Hats"),
    _product("shoe", "Shoes"),
    _product("bare", ""),
    _product("card", "Gift cards"),
    _product("new", "News", known_us=MIDNIGHT + DAY),
    _product("sock", "Shoes", known_until_us=MIDNIGHT + DAY),
    _product("sock", "Socks", known_us=MIDNIGHT + DAY, version=1),
]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        ([_line("hat", 60), _line("shoe", 100), _line("cap", 50)], "Hats"),
        ([_line("hat", 100), _line("shoe", 100, quantity=2)], "Shoes"),
        ([_line("shoe", 100), _line("hat", 100)], "Hats"),
        ([_line("shoe", 1), _line("card", 900, gift=True)], "Shoes"),
        ([_line("shoe", 1), _line("bare", 900), _line(None, 900), _line("unknown", 900)], "Shoes"),
        ([_line("shoe", 1), _line("new", 900)], "Shoes"),
        ([_line("shoe", 1), _line("hat", 900, quantity=0)], "Shoes"),
        ([_line("bare", 900)], None),
        ([_line("sock", 10), _line("hat", 5)], "Shoes"),
    ],
)
def test_the_leading_category_is_the_one_most_money_went_to(
    lines: list[Line], expected: str | None
) -> None:
    half = len(lines) // 2
    store = _store(
        [
            _order(1, CUSTOMERS[0], lines=tuple(lines[:half])),
            _order(2, CUSTOMERS[0], lines=tuple(lines[half:])),
            _order(3, CUSTOMERS[0], lines=(_line("hat", 9_999),), valid=False),
            _order(4, CUSTOMERS[1], lines=(_line("hat", 9_999),)),
        ],
        PRODUCTS,
    )
    asked = Question(STORES[0], CUSTOMERS[0], MIDNIGHT + 1, 100, MIDNIGHT)
    found = store.query(leading_category_sql(), STORES, spine_of([asked]))["category"]
    assert [None if value is np.ma.masked else value for value in found] == [expected]


def test_a_category_changes_from_the_instant_its_product_did() -> None:
    store = _store([_order(1, CUSTOMERS[0], lines=(_line("sock", 10),))], PRODUCTS)
    asked = [
        Question(STORES[0], CUSTOMERS[0], MIDNIGHT + us, 100, MIDNIGHT) for us in (0, DAY, DAY + 1)
    ]
    found = store.query(leading_category_sql(), STORES, spine_of(asked))["category"]
    assert [None if value is np.ma.masked else value for value in found] == [
        None,
        "Shoes",
        "Socks",
    ]
