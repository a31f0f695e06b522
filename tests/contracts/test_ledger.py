"""What every Ledger promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_cases import (
    ANNA,
    BEN,
    DECEMBER_US,
    OTHER_STORE,
    STORE,
    Both,
    changes,
    dead_letter,
    every_telling,
    in_memory,
    on_disk,
    order_document,
    order_fact,
    order_key,
    product_document,
    product_version,
    record,
    version,
)

from shopwright.core.types.customer import ContactFact, CustomerFact, CustomerMerge
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, LedgerChanges, MonthPartition

NOVEMBER = MonthPartition(STORE, "2026-11")


class LedgerContract:
    @pytest.fixture
    def both(self) -> Both:
        raise NotImplementedError

    def test_a_new_ledger_is_empty(self, both: Both) -> None:
        assert both.ledger.through() == {}
        assert both.ledger.tellings([order_document(1)]) == {}
        assert both.ledger.orders_of(STORE, [ANNA]) == {ANNA: ()}
        assert both.feed.revision() == 0
        assert both.feed.records("customer", 0, 10) == ()
        assert both.feed.changed_months(0) == ()
        assert both.feed.month_orders(NOVEMBER) == ()
        assert both.feed.products(STORE) == ()
        assert both.feed.dead_letters(10) == ()

    def test_revisions_count_from_one(self, both: Both) -> None:
        assert [both.ledger.commit(changes()) for _ in range(3)] == [1, 2, 3]
        assert both.feed.revision() == 3

    def test_every_kind_of_telling_comes_back_as_it_was(self, both: Both) -> None:
        both.ledger.commit(changes(tellings={order_document(1): every_telling(1)}))
        assert both.ledger.tellings([order_document(1), order_document(2)]) == {
            order_document(1): every_telling(1)
        }

    def test_a_document_is_replaced_whole(self, both: Both) -> None:
        both.ledger.commit(changes(tellings={order_document(1): every_telling(1)}))
        newer = (order_fact(1, updated_us=9),)
        both.ledger.commit(changes(tellings={order_document(1): newer}))
        assert both.ledger.tellings([order_document(1)]) == {order_document(1): newer}

    def test_documents_differ_by_store_kind_and_key(self, both: Both) -> None:
        documents = [
            order_document(1),
            order_document(1, OTHER_STORE),
            Document(STORE, "customer", order_document(1).key),
            Document(STORE, "merges", b""),
            product_document("1"),
        ]
        told = {d: (order_fact(n, updated_us=n),) for n, d in enumerate(documents)}
        both.ledger.commit(changes(tellings=told))
        assert both.ledger.tellings(documents) == told

    def test_the_position_is_kept_for_every_partition(self, both: Both) -> None:
        both.ledger.commit(changes(through={"web-0": 5, "import": (20_780 << 40) + 1}))
        both.ledger.commit(changes(through={"web-0": 6, "web-1": 1}))
        assert both.ledger.through() == {"web-0": 6, "import": (20_780 << 40) + 1, "web-1": 1}

    def test_orders_of_a_customer_come_by_order_and_version(self, both: Both) -> None:
        chain = [version(2, 0), version(2, 1)]
        earlier = [version(1, 0, occurred_us=DECEMBER_US)]
        theirs = [version(3, 0, customer=BEN)]
        both.ledger.commit(
            changes(
                orders={
                    order_document(2): chain,
                    order_document(1): earlier,
                    order_document(3): theirs,
                    order_document(4): [version(4, customer=None)],
                    order_document(1, OTHER_STORE): [version(1, store_id=OTHER_STORE)],
                }
            )
        )
        assert both.ledger.orders_of(STORE, [ANNA, BEN]) == {
            ANNA: (*earlier, *chain),
            BEN: tuple(theirs),
        }

    def test_versions_of_the_order_that_name_somebody_else_are_left_out(self, both: Both) -> None:
        before, after = version(1, 0), version(1, 1, customer=BEN)
        both.ledger.commit(changes(orders={order_document(1): [before, after]}))
        assert both.ledger.orders_of(STORE, [BEN, ANNA]) == {ANNA: (before,), BEN: (after,)}

    def test_a_chain_is_replaced_whole_and_may_become_empty(self, both: Both) -> None:
        both.ledger.commit(changes(orders={order_document(1): [version(1, n) for n in range(3)]}))
        both.ledger.commit(changes(orders={order_document(1): [version(1, 0, customer=BEN)]}))
        assert both.ledger.orders_of(STORE, [ANNA, BEN]) == {
            ANNA: (),
            BEN: (version(1, 0, customer=BEN),),
        }
        both.ledger.commit(changes(orders={order_document(1): []}))
        assert both.ledger.orders_of(STORE, [BEN]) == {BEN: ()}
        assert both.feed.month_orders(NOVEMBER) == ()
        assert both.feed.changed_months(2) == (NOVEMBER,)

    def test_a_forgotten_customer_is_named_nowhere_and_the_orders_stay(self, both: Both) -> None:
        about_anna = CustomerFact(
            customer=ANNA,
            created_us=1,
            updated_us=1,
            triggered_us=0,
            state="enabled",
            deleted=False,
        )
        merges = Document(STORE, "merges", b"")
        their_merge = CustomerMerge(merged=BEN, kept=Pseudonym(b"kept" * 4), known_us=1)
        profile = Document(STORE, "customer", ANNA)
        both.ledger.commit(
            changes(
                tellings={
                    order_document(1): [order_fact(1)],
                    order_document(2): [order_fact(2, BEN)],
                    order_document(3): [order_fact(3, updated_us=1)],
                    profile: [about_anna],
                    merges: [CustomerMerge(merged=ANNA, kept=BEN, known_us=2), their_merge],
                },
                orders={
                    order_document(1): [version(1, 0), version(1, 1, customer=BEN)],
                    order_document(2): [version(2, customer=BEN, occurred_us=DECEMBER_US)],
                },
                records=[record(ANNA), record(ANNA, view="other"), record(BEN)],
                through={"web-0": 9},
            )
        )
        # Order 3 names her in a telling only: another person placed it according to a merge.
        assert both.ledger.forget(STORE, ANNA) == 2
        documents = [order_document(n) for n in (1, 2, 3)]
        assert both.ledger.tellings([*documents, profile, merges]) == {
            order_document(1): (order_fact(1, None),),
            order_document(2): (order_fact(2, BEN),),
            order_document(3): (order_fact(3, None),),
            merges: (their_merge,),
        }
        assert both.ledger.orders_of(STORE, [ANNA])[ANNA] == ()
        assert both.feed.month_orders(NOVEMBER) == (
            version(1, 0, customer=None),
            version(1, 1, customer=BEN),
        )
        assert [r.entity for r in both.feed.records("customer", 0, 9)] == [BEN]
        assert both.feed.records("other", 0, 9) == ()
        assert both.feed.changed_months(1) == (NOVEMBER,)
        assert both.feed.revision() == 2
        assert both.ledger.through() == {"web-0": 9}
        assert both.ledger.forget(STORE, ANNA) == 0

    def test_forgetting_in_one_store_leaves_the_other(self, both: Both) -> None:
        document = order_document(1, OTHER_STORE)
        theirs = version(1, store_id=OTHER_STORE)
        both.ledger.commit(
            changes(
                tellings={document: [order_fact(1)]},
                orders={document: [theirs]},
                records=[record(ANNA, store=OTHER_STORE)],
            )
        )
        assert both.ledger.forget(STORE, ANNA) == 0
        assert both.ledger.orders_of(OTHER_STORE, [ANNA]) == {ANNA: (theirs,)}
        assert both.ledger.tellings([document]) == {document: (order_fact(1),)}
        assert len(both.feed.records("customer", 0, 9)) == 1

    def test_a_settled_dead_letter_is_taken_off_in_the_commit(self, both: Both) -> None:
        letters = [dead_letter(1), dead_letter(2, subject=ANNA, attempts=3), dead_letter(3)]
        both.ledger.commit(changes(dead_letters=letters))
        assert sorted(both.feed.dead_letters(9), key=lambda one: one.offset) == letters
        again = dead_letter(3, failed_us=9, attempts=2)
        both.ledger.commit(
            changes(settled=[("web-0", 1), ("web-0", 3), ("web-1", 2)], dead_letters=[again])
        )
        assert both.feed.dead_letters(9) == (again, letters[1])

    def test_forgetting_removes_the_subjects_dead_letters(self, both: Both) -> None:
        kept = [
            dead_letter(1),
            dead_letter(2, subject=BEN),
            dead_letter(4, subject=ANNA, store_id=OTHER_STORE),
        ]
        letters = [*kept, dead_letter(3, subject=ANNA), dead_letter(5, subject=order_key(1))]
        both.ledger.commit(changes(dead_letters=letters))
        assert both.ledger.forget(STORE, ANNA) == 0
        assert both.ledger.forget(STORE, order_key(1)) == 0
        assert sorted(both.feed.dead_letters(9), key=lambda one: one.offset) == kept

    def test_forgetting_an_order_leaves_what_was_sold(self, both: Both) -> None:
        document = order_document(1)
        both.ledger.commit(
            changes(tellings={document: every_telling(1)}, orders={document: [version(1)]})
        )
        before = both.ledger.tellings([document])
        assert both.ledger.forget(STORE, order_key(1)) == 0
        assert both.ledger.tellings([document]) == before
        assert both.ledger.orders_of(STORE, [ANNA]) == {ANNA: (version(1),)}

    @pytest.mark.parametrize("kind", ["customer", "order"])
    def test_contacts_that_name_the_forgotten_go(self, both: Both, kind: str) -> None:
        address = Pseudonym(b"contact of two!!")
        mine = ContactFact(contact=address, kind=kind, subject=ANNA)
        theirs = ContactFact(contact=address, kind="customer", subject=BEN)
        shared = Document(STORE, "contact", address)
        alone = Document(STORE, "contact", Pseudonym(b"contact of one!!"))
        elsewhere = Document(OTHER_STORE, "contact", address)
        reached = Document(STORE, "reached", ANNA)
        told = {shared: [mine, theirs], alone: [mine], elsewhere: [mine], reached: [mine]}
        both.ledger.commit(changes(tellings=told))
        assert both.ledger.forget(STORE, ANNA) == 0
        assert both.ledger.tellings(list(told)) == {shared: (theirs,), elsewhere: (mine,)}

    def test_a_forgotten_store_is_gone_and_the_other_stays(self, both: Both) -> None:
        def everything_of(store_id: StoreId) -> LedgerChanges:
            order, product = order_document(1, store_id), product_document("7", store_id)
            return changes(
                tellings={order: every_telling(1), product: [], order_document(2, store_id): []},
                orders={order: [version(1, store_id=store_id)]},
                products={product: [product_version("7", store_id=store_id)]},
                records=[record(ANNA, store=store_id)],
                dead_letters=[dead_letter(len(store_id), store_id=store_id)]
                if store_id == STORE
                else [],
                through={"web-0": 9},
            )

        for store_id in (STORE, OTHER_STORE):
            both.ledger.commit(everything_of(store_id))
        theirs = (both.feed.changed_months(1), both.feed.records("customer", 1, 9))
        assert both.ledger.forget(STORE, None) == 2
        documents = [order_document(1), product_document("7"), order_document(2)]
        assert both.ledger.tellings(documents) == {}
        assert both.ledger.orders_of(STORE, [ANNA]) == {ANNA: ()}
        assert both.feed.products(STORE) == ()
        assert both.feed.month_orders(NOVEMBER) == ()
        assert both.feed.dead_letters(9) == ()
        assert (both.feed.changed_months(0), both.feed.records("customer", 0, 9)) == theirs
        assert len(both.feed.products(OTHER_STORE)) == 1
        assert both.ledger.through() == {"web-0": 9}
        assert both.ledger.forget(STORE, None) == 0


class TestMemoryLedger(LedgerContract):
    @pytest.fixture
    def both(self) -> Both:
        return in_memory()


class TestSqliteLedger(LedgerContract):
    @pytest.fixture
    def both(self, tmp_path: Path) -> Iterator[Both]:
        with on_disk(tmp_path / "ledger" / "00.sqlite") as both:
            yield both
