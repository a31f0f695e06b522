"""A chain is a function of the set of what was told: one case after another."""

from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace
from order_tellings import FACT, LINE, ORDER, PEOPLE, REFUND, draw
from shop_payloads import STORE

from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import (
    UNTIL_FOREVER_US,
    OrderDeletion,
    OrderEdit,
    OrderVersion,
    RefundFact,
)
from shopwright.events.order_chain import gather, settle_customer


class Row(NamedTuple):
    known_us: int
    valid: bool
    gross_minor: int
    refund_minor: int
    reconstructed: bool


def rows(*tellings: Telling) -> list[Row]:
    return [
        Row(v.known_us, v.valid, v.gross_minor, v.refund_minor, v.reconstructed)
        for v in draw(tellings)
    ]


def test_one_telling_is_one_version() -> None:
    assert draw([FACT]) == (
        OrderVersion(
            store_id=STORE.store_id,
            order=ORDER,
            version=0,
            customer=PEOPLE[0],
            known_us=100,
            known_until_us=UNTIL_FOREVER_US,
            occurred_us=90,
            valid=True,
            gross_minor=2000,
            refund_minor=0,
            lines=(LINE,),
            reconstructed=False,
            sold=True,
            discount_minor=0,
        ),
    )


def test_without_the_order_itself_there_is_no_version() -> None:
    alone: list[Telling] = [
        RefundFact(order=ORDER, refund=REFUND),
        OrderDeletion(order=ORDER, known_us=5),
        OrderEdit(order=ORDER, known_us=5),
    ]
    assert draw(alone) == ()
    assert rows(*alone, FACT) == [
        Row(100, False, 2000, 0, False),
        Row(200, False, 2000, 1000, False),
    ]


def test_a_telling_that_changes_nothing_makes_no_version() -> None:
    assert rows(FACT, replace(FACT, updated_us=300)) == [Row(100, True, 2000, 0, False)]


def test_an_edited_order_is_as_it_was_until_the_edit_is_told() -> None:
    edited = replace(FACT, updated_us=300, edited_off=(("11", 1, 1000),))
    assert rows(FACT, edited) == [Row(100, True, 2000, 0, False), Row(300, True, 1000, 0, False)]
    (before, after) = draw([edited])
    assert (before.known_us, before.reconstructed, before.lines) == (100, True, (LINE,))
    assert (after.known_us, after.reconstructed) == (300, False)
    assert after.lines == (replace(LINE, quantity=1, gross_minor=1000),)


def test_a_void_counts_from_the_telling_that_shows_it() -> None:
    voided = replace(FACT, updated_us=300, voided=True)
    assert rows(voided) == [Row(100, True, 2000, 0, True), Row(300, False, 2000, 0, False)]


def test_a_cancellation_and_a_refund_count_from_their_own_dates() -> None:
    final = replace(FACT, updated_us=900, cancelled_us=400, refunds=(REFUND,))
    assert rows(final) == [
        Row(100, True, 2000, 0, True),
        Row(200, True, 2000, 1000, True),
        Row(400, False, 2000, 1000, True),
    ]


def test_each_version_knows_what_had_come_back_of_each_line() -> None:
    mug = replace(LINE, line_id="12", quantity=1, gross_minor=500, discount_minor=90)
    gone = RefundFact(
        order=ORDER,
        refund=replace(REFUND, refund_id="9", known_us=400, lines=(("12", 3, 800), ("11", 1, 0))),
    )
    found = draw([replace(FACT, lines=(LINE, mug)), gone, RefundFact(order=ORDER, refund=REFUND)])
    assert [
        (v.known_us, *((line.returned, line.refund_minor) for line in v.lines)) for v in found
    ] == [
        (100, (0, 0), (0, 0)),
        (200, (1, 1000), (0, 0)),
        (400, (2, 1000), (1, 500)),  # never more of a line than was sold
    ]
    assert {v.discount_minor for v in found} == {90}


def test_an_edit_takes_a_unit_off_with_its_part_of_the_discount() -> None:
    told = replace(FACT, lines=(replace(LINE, discount_minor=301),))
    edited = replace(told, updated_us=300, edited_off=(("11", 1, 1000),))
    assert [version.discount_minor for version in draw([told, edited])] == [301, 150]


def test_an_order_of_nobody_is_sold_and_counts_for_no_customer() -> None:
    (guest,) = draw([replace(FACT, customer=None)])
    (test,) = draw([replace(FACT, customer=None, test=True)])
    assert (guest.sold, guest.valid, test.sold, test.valid) == (True, False, False, False)


def test_a_deletion() -> None:
    assert rows(FACT, OrderDeletion(order=ORDER, known_us=500)) == [
        Row(100, True, 2000, 0, False),
        Row(500, False, 2000, 0, False),
    ]


def test_what_is_dated_before_the_order_counts_from_its_start() -> None:
    early = replace(FACT, cancelled_us=50, refunds=(replace(REFUND, known_us=20),))
    assert rows(early) == [Row(100, False, 2000, 1000, False)]


def test_of_two_tellings_of_one_second_the_later_triggered_wins() -> None:
    first = replace(FACT, triggered_us=1, lines=(replace(LINE, gross_minor=1),))
    second = replace(FACT, triggered_us=2, lines=(replace(LINE, gross_minor=2),))
    assert rows(second, first) == [Row(100, True, 2, 0, False)]


def test_the_newest_order_tells_a_refund_best_and_a_lone_refund_worst() -> None:
    lone = RefundFact(order=ORDER, refund=replace(REFUND, lines=(("11", 1, 1200),)))
    in_order = replace(FACT, updated_us=300, refunds=(REFUND,))
    newer = replace(FACT, updated_us=400, refunds=(replace(REFUND, lines=(("11", 1, 900),)),))
    assert [row.refund_minor for row in rows(FACT, lone)] == [0, 1200]
    assert [row.refund_minor for row in rows(FACT, lone, in_order)] == [0, 1000]
    assert [row.refund_minor for row in rows(FACT, newer, lone, in_order)] == [0, 900]


def test_a_lone_refund_told_in_two_ways_is_settled_by_what_it_says_not_by_arrival() -> None:
    one = RefundFact(order=ORDER, refund=REFUND)
    other = RefundFact(order=ORDER, refund=replace(REFUND, lines=(("11", 1, 700),)))
    assert rows(FACT, one, other) == rows(FACT, other, one)
    assert rows(FACT, one, other)[-1].refund_minor in (700, 1000)


def test_refunds_are_capped_at_gross_and_gift_cards_are_no_merchandise() -> None:
    card = replace(LINE, line_id="12", gross_minor=5000, gift_card=True)
    refunds = (
        replace(REFUND, lines=(("11", 2, 1500), ("12", 1, 5000))),
        replace(REFUND, refund_id="2002", known_us=300, lines=(("99", 1, 900),)),
    )
    with_card = replace(FACT, lines=(LINE, card), refunds=refunds)
    assert rows(with_card) == [
        Row(100, True, 2000, 0, False),
        Row(200, True, 2000, 1500, True),
        Row(300, True, 2000, 2000, True),
    ]


@pytest.mark.parametrize("over", [{"test": True}, {"confirmed": False}, {"customer": None}])
def test_what_is_never_valid(over: dict[str, Any]) -> None:
    assert [row.valid for row in rows(replace(FACT, **over))] == [False]


def test_a_merge_moves_an_order_from_its_date_on() -> None:
    merge = CustomerMerge(merged=PEOPLE[0], kept=PEOPLE[1], known_us=500)
    elsewhere = CustomerMerge(merged=PEOPLE[2], kept=PEOPLE[3], known_us=300)
    versions = draw([FACT], [merge, elsewhere])
    assert [(v.known_us, v.known_until_us, v.customer) for v in versions] == [
        (100, 500, PEOPLE[0]),
        (500, UNTIL_FOREVER_US, PEOPLE[1]),
    ]


def test_merges_are_followed_to_the_end_and_never_in_a_circle() -> None:
    a, b, c, d = PEOPLE
    merges = [
        CustomerMerge(merged=a, kept=b, known_us=10),
        CustomerMerge(merged=a, kept=d, known_us=20),
        CustomerMerge(merged=b, kept=c, known_us=30),
    ]
    assert [settle_customer(a, merges, at) for at in (9, 10, 29, 30)] == [a, b, b, c]
    circle = [*merges, CustomerMerge(merged=c, kept=a, known_us=40)]
    assert settle_customer(a, circle, 99) == c
    assert settle_customer(a, [CustomerMerge(merged=a, kept=a, known_us=1)], 9) == a


def test_gather_keeps_each_telling_once_in_one_order() -> None:
    other = replace(FACT, updated_us=101)
    lone = RefundFact(order=ORDER, refund=REFUND)
    assert gather((FACT, lone), (other, FACT)) == gather((other,), (lone, FACT))
    assert len(gather((FACT, lone), (other, FACT))) == 3
    assert gather((), ()) == ()
