"""Laws of the chain: arrival never matters, and an obvious evaluator agrees with it."""

from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from order_tellings import ORDER, PEOPLE, draw

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
from shopwright.events.order_chain import gather, settle_customer

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


@given(merge_lists, st.data(), st.sampled_from(PEOPLE), times)
def test_merges_settle_the_same_in_any_order(
    merges: list[CustomerMerge], data: st.DataObject, who: Pseudonym, at_us: int
) -> None:
    settled = settle_customer(who, merges, at_us)
    assert settle_customer(who, data.draw(st.permutations(merges)), at_us) == settled
    known = [merge for merge in merges if merge.known_us <= at_us]
    assert settle_customer(who, known, UNTIL_FOREVER_US) == settled
