"""A chain is a function of the set of what was told; an obvious evaluator agrees with it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from shop_payloads import STORE, line, money, order, pseudonymise, refund, told

from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import (
    UNTIL_FOREVER_US,
    Line,
    OrderDeletion,
    OrderEdit,
    OrderFact,
    OrderVersion,
    Refund,
    RefundFact,
)
from shopwright.events.instant import instant_us
from shopwright.events.order_chain import chain, gather, settle_customer

ORDER = pseudonymise("order", "1001")
PEOPLE = [pseudonymise("customer", name) for name in "abcd"]

LINE = Line(
    line_id="11",
    product_id="501",
    variant_id="601",
    sku="MUG",
    quantity=2,
    gross_minor=2000,
    gift_card=False,
)
FACT = OrderFact(
    order=ORDER,
    customer=PEOPLE[0],
    occurred_us=90,
    created_us=100,
    updated_us=100,
    triggered_us=0,
    test=False,
    confirmed=True,
    cancelled_us=None,
    voided=False,
    edited_off=(),
    lines=(LINE,),
    refunds=(),
)
REFUND = Refund(refund_id="2001", known_us=200, lines=(("11", 1, 1000),))


def draw(
    tellings: Sequence[Telling], merges: Sequence[CustomerMerge] = ()
) -> tuple[OrderVersion, ...]:
    return chain(STORE.store_id, ORDER, tellings, merges)


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


# --- laws ---

times = st.integers(80, 140)
lines = st.lists(
    st.builds(
        Line,
        line_id=st.sampled_from(["11", "12", "13"]),
        product_id=st.none(),
        variant_id=st.none(),
        sku=st.none(),
        quantity=st.integers(1, 3),
        gross_minor=st.integers(0, 50),
        gift_card=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda found: found.line_id,
).map(tuple)
refund_lines = st.lists(
    st.tuples(st.sampled_from(["11", "12", "77"]), st.integers(0, 3), st.integers(0, 40)),
    max_size=2,
    unique_by=lambda found: found[0],
).map(tuple)
refunds = st.builds(
    Refund, refund_id=st.sampled_from(["r1", "r2", "r3"]), known_us=times, lines=refund_lines
)
facts = st.builds(
    OrderFact,
    order=st.just(ORDER),
    customer=st.sampled_from([*PEOPLE[:2], None]),
    occurred_us=times,
    created_us=st.sampled_from([100, 100, 100, 98]),
    updated_us=times,
    triggered_us=st.integers(0, 2),
    test=st.booleans(),
    confirmed=st.booleans(),
    cancelled_us=st.none() | times,
    voided=st.booleans(),
    edited_off=refund_lines,
    lines=lines,
    refunds=st.lists(refunds, max_size=2, unique_by=lambda found: found.refund_id).map(tuple),
)
tellings = st.lists(
    st.one_of(
        facts,
        facts,
        st.builds(RefundFact, order=st.just(ORDER), refund=refunds),
        st.builds(OrderDeletion, order=st.just(ORDER), known_us=times),
        st.builds(OrderEdit, order=st.just(ORDER), known_us=times),
    ),
    max_size=6,
)
merge_lists = st.lists(
    st.builds(
        CustomerMerge,
        merged=st.sampled_from(PEOPLE),
        kept=st.sampled_from(PEOPLE),
        known_us=times,
    ),
    max_size=4,
)


@given(tellings, merge_lists, st.data())
def test_arrival_order_and_repeats_never_matter(
    told_all: list[Telling], merges: list[CustomerMerge], data: st.DataObject
) -> None:
    shuffled = data.draw(
        st.permutations(
            told_all + data.draw(st.lists(st.sampled_from(told_all))) if told_all else told_all
        )
    )
    shuffled_merges = data.draw(st.permutations(merges + merges))
    assert draw(shuffled, shuffled_merges) == draw(told_all, merges)
    document: tuple[Telling, ...] = ()
    for telling in shuffled:
        document = gather(document, [telling])
    assert document == gather(told_all, ())
    assert draw(document, shuffled_merges) == draw(told_all, merges)


@given(tellings, merge_lists)
def test_versions_partition_time_from_the_start(
    told_all: list[Telling], merges: list[CustomerMerge]
) -> None:
    versions = draw(told_all, merges)
    created = [t.created_us for t in told_all if isinstance(t, OrderFact)]
    assert bool(versions) == bool(created)
    if not versions:
        return
    assert versions[0].known_us == min(created)
    assert versions[-1].known_until_us == UNTIL_FOREVER_US
    assert [version.version for version in versions] == list(range(len(versions)))
    for earlier, later in pairwise(versions):
        assert earlier.known_us < earlier.known_until_us == later.known_us
        assert _state(earlier) != _state(later)


def _state(version: OrderVersion) -> dict[str, Any]:
    found = msgspec.structs.asdict(version)
    for name in ("version", "known_us", "known_until_us", "reconstructed"):
        del found[name]
    return found


@settings(max_examples=300)
@given(tellings, merge_lists)
def test_the_obvious_evaluator_agrees_at_every_instant(
    told_all: list[Telling], merges: list[CustomerMerge]
) -> None:
    versions = draw(told_all, merges)
    for as_of in range(78, 145):
        alive = [v for v in versions if v.known_us < as_of <= v.known_until_us]
        expected = obvious(told_all, merges, as_of - 1)
        assert [
            (v.customer, v.occurred_us, v.valid, v.gross_minor, v.refund_minor) for v in alive
        ] == ([] if expected is None else [expected])


def obvious(told_all: list[Telling], merges: list[CustomerMerge], at_us: int) -> Any:
    """Return (customer, occurred, valid, gross, refunded) known at an instant; slow and plain."""

    def age(fact: OrderFact) -> tuple[int, int, bytes]:
        return fact.updated_us, fact.triggered_us, msgspec.msgpack.encode(fact)

    facts = sorted((t for t in told_all if isinstance(t, OrderFact)), key=age)
    if not facts or at_us < min(fact.created_us for fact in facts):
        return None
    shown = [fact for fact in facts if fact.updated_us <= at_us]
    base = shown[-1] if shown else facts[0]
    off = {line_id: money_off for line_id, _, money_off in base.edited_off} if shown else {}
    gross = 0
    for one in base.lines:
        if not one.gift_card:
            gross += max(0, one.gross_minor - off.get(one.line_id, 0))
    refunded = 0
    for refund_id in ("r1", "r2", "r3"):
        lone = [t.refund for t in told_all if isinstance(t, RefundFact)]
        versions = sorted(lone, key=msgspec.msgpack.encode)
        versions += [told_refund for fact in facts for told_refund in fact.refunds]
        versions = [found for found in versions if found.refund_id == refund_id]
        if versions and versions[-1].known_us <= at_us:
            for line_id, _, minor in versions[-1].lines:
                cards = [one for one in base.lines if one.line_id == line_id and one.gift_card]
                refunded += 0 if cards else minor
    customer = base.customer
    visited = []
    while customer is not None and customer not in visited:
        visited.append(customer)
        hops = sorted(
            (m.known_us, m.kept) for m in merges if m.merged == customer and m.known_us <= at_us
        )
        customer = hops[0][1] if hops else customer
    settled = visited[-1] if visited else None
    over = any(fact.cancelled_us is not None and fact.cancelled_us <= at_us for fact in facts)
    gone = any(isinstance(t, OrderDeletion) and t.known_us <= at_us for t in told_all)
    void = bool(shown) and base.voided
    valid = base.confirmed and not base.test and not (over or gone or void) and settled is not None
    return settled, base.occurred_us, valid, gross, min(gross, refunded)


# --- one history, told in different ways ---

DAY = "2026-03-{:02d}T12:00:00Z"


class Happening(NamedTuple):
    """One thing that a merchant did to an order, on a day of March."""

    day: int
    refunds: tuple[tuple[int, int], ...]
    """(line id, units) of a refund; empty for a cancellation."""


@st.composite
def histories(draw_one: st.DrawFn) -> list[Happening]:
    left = {11: 3, 12: 2}
    happenings = []
    days = draw_one(st.lists(st.integers(3, 28), max_size=4, unique=True))
    cancels_on = draw_one(st.none() | st.sampled_from(days)) if days else None
    for day in sorted(days):
        if day == cancels_on:
            happenings.append(Happening(day, ()))
            continue
        units = {one: draw_one(st.integers(0, left[one])) for one in left}
        for one, taken in units.items():
            left[one] -= taken
        if any(units.values()):
            happenings.append(Happening(day, tuple((k, n) for k, n in units.items() if n)))
    return happenings


def payload_after(happenings: Sequence[Happening], updated_day: int) -> dict[str, Any]:
    """Return the whole order as Shopify would send it once these things have happened."""
    current = {11: 3, 12: 2}
    told_refunds = []
    cancelled_at = None
    for number, happening in enumerate(happenings):
        if not happening.refunds:
            cancelled_at = DAY.format(happening.day)
            continue
        for line_id, units in happening.refunds:
            current[line_id] -= units
        told_refunds.append(refund_of(number, happening))
    return order(
        created_at=DAY.format(2),
        processed_at=DAY.format(2),
        updated_at=DAY.format(updated_day),
        cancelled_at=cancelled_at,
        line_items=[
            line(id=11, quantity=3, current_quantity=current[11], price_set=money("3.33")),
            line(id=12, quantity=2, current_quantity=current[12], price_set=money("5.00")),
        ],
        refunds=told_refunds,
    )


def refund_of(number: int, happening: Happening) -> dict[str, Any]:
    prices = {11: 333, 12: 500}
    return refund(
        id=3000 + number,
        created_at=DAY.format(happening.day),
        refund_line_items=[
            {
                "line_item_id": line_id,
                "quantity": units,
                "subtotal_set": money(f"{prices[line_id] * units / 100:.2f}"),
            }
            for line_id, units in happening.refunds
        ],
    )


def webhooks_of(happenings: Sequence[Happening]) -> list[Telling]:
    """Return everything that Shopify tells while the history unfolds."""
    tellings = [*told("orders/create", payload_after((), 2))]
    for number, happening in enumerate(happenings, start=1):
        topic = "orders/updated" if happening.refunds else "orders/cancelled"
        tellings += told(topic, payload_after(happenings[:number], happening.day))
        if happening.refunds:
            tellings += told("refunds/create", refund_of(number - 1, happening))
    return tellings


@given(histories(), st.data())
def test_webhooks_in_any_order_with_losses_equal_the_final_payload_alone(
    happenings: list[Happening], data: st.DataObject
) -> None:
    final = told("orders/updated", payload_after(happenings, 29))
    by_final_payload = draw(final)
    heard = data.draw(st.permutations(webhooks_of(happenings)))
    lost = data.draw(st.integers(0, len(heard)))
    for some in (heard, heard[lost:]):
        by_webhooks = draw([*some, *final])
        assert [unmarked(v) for v in by_webhooks] == [unmarked(v) for v in by_final_payload]


@given(histories())
def test_webhooks_alone_equal_the_final_payload(happenings: list[Happening]) -> None:
    by_final_payload = draw(told("orders/updated", payload_after(happenings, 29)))
    by_webhooks = draw(webhooks_of(happenings))
    assert [unmarked(v) for v in by_webhooks] == [unmarked(v) for v in by_final_payload]
    assert all(not version.reconstructed for version in by_webhooks)
    created_us = instant_us(DAY.format(2))
    assert all(version.reconstructed for version in by_final_payload)
    assert by_final_payload[0].known_us == created_us


def unmarked(version: OrderVersion) -> OrderVersion:
    return replace(version, reconstructed=False)


@given(merge_lists, st.data(), st.sampled_from(PEOPLE), times)
def test_merges_settle_the_same_in_any_order(
    merges: list[CustomerMerge], data: st.DataObject, who: Pseudonym, at_us: int
) -> None:
    settled = settle_customer(who, merges, at_us)
    assert settle_customer(who, data.draw(st.permutations(merges)), at_us) == settled
    known = [merge for merge in merges if merge.known_us <= at_us]
    assert settle_customer(who, known, UNTIL_FOREVER_US) == settled
