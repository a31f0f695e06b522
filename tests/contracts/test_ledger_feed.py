"""What every LedgerFeed and LedgerHistory promises of the ledger that it reads."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_cases import (
    ANNA,
    BEN,
    DECEMBER_US,
    NOVEMBER_US,
    OTHER_STORE,
    STORE,
    Both,
    changes,
    dead_letter,
    in_memory,
    level_fact,
    on_disk,
    order_document,
    product_document,
    product_version,
    record,
    version,
)
from msgspec.structs import replace

from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import MonthPartition
from shopwright.events.stock import documents_of

NOVEMBER, DECEMBER = MonthPartition(STORE, "2026-11"), MonthPartition(STORE, "2026-12")
PRODUCTS = MonthPartition(STORE, "all")
STOCK, LATER_STOCK = (
    MonthPartition(STORE, "stock-2026-11"),
    MonthPartition(STORE, "stock-2026-12"),
)


class LedgerFeedContract:
    @pytest.fixture
    def both(self) -> Both:
        raise NotImplementedError

    def test_records_carry_the_revision_that_stored_them(self, both: Both) -> None:
        both.ledger.commit(changes(records=[record(BEN), record(ANNA)]))
        both.ledger.commit(changes(records=[record(BEN, b"\x01newer")]))
        assert both.feed.records("customer", 0, 10) == (
            replace(record(ANNA), revision=1),
            replace(record(BEN, b"\x01newer"), revision=2),
        )
        assert both.feed.records("customer", 1, 10) == (
            replace(record(BEN, b"\x01newer"), revision=2),
        )
        assert both.feed.records("customer", 2, 10) == ()

    def test_packed_records_are_found_by_their_entities(self, both: Both) -> None:
        others = [record(ANNA, view="product"), record(ANNA, store=OTHER_STORE)]
        both.ledger.commit(changes(records=[record(ANNA), record(BEN), *others]))
        anna, ben = (replace(record(who), revision=1) for who in (ANNA, BEN))
        assert both.feed.packed(STORE, "customer", [ANNA, Pseudonym(b"nobody" + bytes(10))]) == {
            ANNA: anna
        }
        assert both.feed.packed(STORE, "customer", None) == {ANNA: anna, BEN: ben}
        assert both.feed.packed(STORE, "customer", []) == {}
        both.ledger.commit(changes(records=[record(BEN, b"")]))
        assert both.feed.packed(STORE, "customer", None) == {ANNA: anna}

    def test_chains_are_whole_and_oldest_first(self, both: Both) -> None:
        first, second = [version(1), version(1, 1, customer=BEN)], [version(2)]
        elsewhere = version(1, store_id=OTHER_STORE)
        both.ledger.commit(
            changes(
                orders={
                    order_document(1): first,
                    order_document(2): second,
                    order_document(1)._replace(store_id=OTHER_STORE): [elsewhere],
                }
            )
        )
        asked = [order_document(2), order_document(1), order_document(3)]
        found = both.feed.chains(asked)
        assert found == {order_document(1): tuple(first), order_document(2): tuple(second)}
        both.ledger.commit(changes(orders={order_document(1): []}))
        assert both.feed.chains(asked) == {order_document(2): tuple(second)}

    def test_records_of_other_views_and_stores_stay_apart(self, both: Both) -> None:
        others = [record(ANNA, view="product"), record(ANNA, store=OTHER_STORE)]
        both.ledger.commit(changes(records=[record(ANNA), *others]))
        assert [r.store_id for r in both.feed.records("customer", 0, 9)] == [STORE, OTHER_STORE]
        assert len(both.feed.records("product", 0, 9)) == 1

    def test_a_revision_is_never_split(self, both: Both) -> None:
        def people(first: int, count: int) -> list[Pseudonym]:
            return [Pseudonym(bytes([n]) * 16) for n in range(first, first + count)]

        sizes = [2, 3, 7, 1]
        for revision, size in enumerate(sizes):
            both.ledger.commit(
                changes(records=[record(who) for who in people(20 * revision, size)])
            )
        taken: list[list[int]] = []
        after = 0
        while found := both.feed.records("customer", after, 5):
            taken.append([r.revision for r in found])
            after = found[-1].revision
        assert taken == [[1, 1, 2, 2, 2], [3] * 7, [4]]
        assert [r.revision for r in both.feed.records("customer", 0, 4)] == [1, 1]
        assert [r.revision for r in both.feed.records("customer", 0, 1)] == [1, 1]

    def test_changed_months_are_those_that_a_commit_touched(self, both: Both) -> None:
        both.ledger.commit(changes(orders={order_document(1): [version(1)]}))
        both.ledger.commit(
            changes(
                orders={
                    order_document(2): [version(2, occurred_us=DECEMBER_US)],
                    order_document(1, OTHER_STORE): [version(1, store_id=OTHER_STORE)],
                },
                products={product_document("7"): [product_version("7")]},
            )
        )
        both.ledger.commit(changes(records=[record(ANNA)]))
        theirs = MonthPartition(OTHER_STORE, "2026-11")
        assert both.feed.changed_months(0) == (NOVEMBER, DECEMBER, PRODUCTS, theirs)
        assert both.feed.changed_months(1) == (DECEMBER, PRODUCTS, theirs)
        assert both.feed.changed_months(2) == ()

    def test_a_month_that_an_order_leaves_has_changed_too(self, both: Both) -> None:
        both.ledger.commit(changes(orders={order_document(1): [version(1)]}))
        moved = version(1, occurred_us=DECEMBER_US)
        both.ledger.commit(changes(orders={order_document(1): [moved]}))
        assert both.feed.changed_months(1) == (NOVEMBER, DECEMBER)
        assert both.feed.month_orders(NOVEMBER) == ()
        assert both.feed.month_orders(DECEMBER) == (moved,)

    def test_a_month_holds_every_version_by_order_and_version(self, both: Both) -> None:
        last_us = NOVEMBER_US + 8 * 86_400_000_000 - 1  # the last microsecond of November
        both.ledger.commit(
            changes(
                orders={
                    order_document(3): [version(3, occurred_us=last_us)],
                    order_document(2): [version(2, 0), version(2, 1, customer=None)],
                    order_document(1): [version(1, occurred_us=last_us + 1)],
                }
            )
        )
        assert both.feed.month_orders(NOVEMBER) == (
            version(2, 0),
            version(2, 1, customer=None),
            version(3, occurred_us=last_us),
        )
        assert both.feed.month_orders(DECEMBER) == (version(1, occurred_us=last_us + 1),)

    def test_products_come_by_product_and_version(self, both: Both) -> None:
        chain = [product_version("9", n) for n in range(2)]
        other = {product_document("1", OTHER_STORE): [product_version("1", 0, OTHER_STORE)]}
        both.ledger.commit(changes(products={product_document("9"): chain, **other}))
        both.ledger.commit(changes(products={product_document("10"): [product_version("10")]}))
        assert both.feed.products(STORE) == (product_version("10"), *chain)
        both.ledger.commit(changes(products={product_document("9"): chain[:1]}))
        assert both.feed.products(STORE) == (product_version("10"), chain[0])

    def test_only_the_month_of_a_told_level_has_changed(self, both: Both) -> None:
        now, past = documents_of(STORE, level_fact("9"))
        _, later = documents_of(STORE, level_fact("9", DECEMBER_US))
        _, theirs = documents_of(OTHER_STORE, level_fact("9"))
        told = {now: [level_fact("9")], past: [level_fact("9")], theirs: [level_fact("9")]}
        both.ledger.commit(changes(tellings=told))
        both.ledger.commit(changes(tellings={later: [level_fact("9", DECEMBER_US)]}))
        both.ledger.commit(changes(tellings={now: [level_fact("9", DECEMBER_US)]}))
        assert both.feed.changed_months(0) == (
            STOCK,
            LATER_STOCK,
            MonthPartition(OTHER_STORE, STOCK.month),
        )
        assert both.feed.changed_months(1) == (LATER_STOCK,)
        assert both.feed.changed_months(2) == ()
        assert [one.holds for one in (NOVEMBER, PRODUCTS, STOCK)] == [
            "orders",
            "products",
            "levels",
        ]

    def test_a_month_of_stock_holds_what_is_kept_of_every_item(self, both: Both) -> None:
        facts = [level_fact("9", NOVEMBER_US + n, n) for n in (0, 2)]
        told = [*facts, level_fact("9", DECEMBER_US), level_fact("10")]
        documents = {documents_of(STORE, one)[1]: [one] for one in told}
        documents[documents_of(STORE, facts[0])[1]] = facts
        theirs = documents_of(OTHER_STORE, level_fact("8"))[1]
        both.ledger.commit(changes(tellings={**documents, theirs: [level_fact("8")]}))
        assert list(both.feed.month_levels(STOCK)) == [level_fact("10"), *facts]
        assert list(both.feed.month_levels(LATER_STOCK)) == [level_fact("9", DECEMBER_US)]
        assert list(both.feed.month_levels(NOVEMBER._replace(month="stock-2026-10"))) == []

    def test_dead_letters_are_kept_once_newest_first(self, both: Both) -> None:
        both.ledger.commit(changes(dead_letters=[dead_letter(1, 10), dead_letter(2, 30)]))
        both.ledger.commit(changes(dead_letters=[dead_letter(3, 20), dead_letter(1, 10)]))
        assert both.feed.dead_letters(2) == (dead_letter(2, 30), dead_letter(3, 20))
        assert len(both.feed.dead_letters(9)) == 3


class TestMemoryLedgerFeed(LedgerFeedContract):
    @pytest.fixture
    def both(self) -> Both:
        return in_memory()


class TestSqliteLedgerFeed(LedgerFeedContract):
    @pytest.fixture
    def both(self, tmp_path: Path) -> Iterator[Both]:
        with on_disk(tmp_path / "ledger" / "00.sqlite") as both:
            yield both
