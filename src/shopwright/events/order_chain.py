"""Turns everything that was told of an order into the versions of it that were known in time.

A chain is a function of the *set* of tellings and merges: arrival order, repeats and stale retries
change nothing. What Shopify dates by itself (a refund, a cancellation) counts from that date even
when it was told later or live, so a webhook, a bulk read and a file give the same rows; what it
does not date (an edit, a void) counts from the telling that first shows it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import (
    UNTIL_FOREVER_US,
    Line,
    OrderDeletion,
    OrderFact,
    OrderVersion,
    Refund,
    RefundFact,
)
from shopwright.events.people import people_of

_canonical = msgspec.msgpack.Encoder().encode


def gather(known: Sequence[Telling], new: Sequence[Telling]) -> tuple[Telling, ...]:
    """Return the set of all tellings, each once, in an order that depends on nothing else."""
    by_bytes = {_canonical(telling): telling for telling in (*known, *new)}
    return tuple(by_bytes[key] for key in sorted(by_bytes))


def chain(
    store_id: StoreId,
    order: Pseudonym,
    tellings: Sequence[Telling],
    merges: Sequence[CustomerMerge],
) -> tuple[OrderVersion, ...]:
    """Return the order's versions, oldest first; none while the order itself was never told.

    They partition time from the order's creation on: each ends where the next begins.
    """
    tellings = _best(tellings)
    history = _history(tellings, merges)
    if history is None:
        return ()
    own_us = _told_us(tellings)
    states: list[tuple[int, _State]] = []
    for instant_us in _instants(history):
        state = _state(history, instant_us)
        if not states or state != states[-1][1]:
            states.append((instant_us, state))
    ends_us = [known_us for known_us, _ in states[1:]] + [UNTIL_FOREVER_US]
    return tuple(
        OrderVersion(
            store_id=store_id,
            order=order,
            version=number,
            customer=state.customer,
            known_us=known_us,
            known_until_us=until_us,
            occurred_us=state.occurred_us,
            valid=state.valid,
            gross_minor=state.gross_minor,
            refund_minor=state.refund_minor,
            lines=state.lines,
            reconstructed=known_us not in own_us,
            sold=state.sold,
            discount_minor=state.discount_minor,
        )
        for number, ((known_us, state), until_us) in enumerate(zip(states, ends_us, strict=True))
    )


def settle_customer(customer: Pseudonym, merges: Iterable[CustomerMerge], at_us: int) -> Pseudonym:
    """Return who a customer is, after every merge that is known at the instant.

    Each hop is the customer's earliest merge. A circle of merges, which no shop can make, ends
    before it closes.
    """
    hops: dict[Pseudonym, tuple[int, Pseudonym]] = {}
    for merge in merges:
        if merge.known_us <= at_us:
            hop = (merge.known_us, merge.kept)
            hops[merge.merged] = min(hop, hops.get(merge.merged, hop))
    seen = {customer}
    while customer in hops and (kept := hops[customer][1]) not in seen:
        seen.add(kept)
        customer = kept
    return customer


class _History(NamedTuple):
    """Everything told of an order, sorted and each refund settled on its best telling."""

    start_us: int
    facts: Sequence[OrderFact]
    """Oldest first."""
    updated_us: Sequence[int]
    """Of each fact."""
    refunds: Sequence[Refund]
    cancelled_us: int | None
    deleted_us: int | None
    merges: Sequence[CustomerMerge]
    """Those that anyone named by the order takes part in."""


class _State(NamedTuple):
    """What is compared to see whether anything changed."""

    customer: Pseudonym | None
    occurred_us: int
    valid: bool
    gross_minor: int
    refund_minor: int
    lines: tuple[Line, ...]
    sold: bool
    discount_minor: int


def _best(tellings: Sequence[Telling]) -> Sequence[Telling]:
    """Leave out what was told in part once the order was told whole."""
    facts = [one for one in tellings if isinstance(one, OrderFact)]
    if all(one.partial for one in facts) or not any(one.partial for one in facts):
        return tellings
    return [one for one in tellings if not (isinstance(one, OrderFact) and one.partial)]


def _history(tellings: Sequence[Telling], merges: Sequence[CustomerMerge]) -> _History | None:
    facts = sorted((t for t in tellings if isinstance(t, OrderFact)), key=_age)
    if not facts:
        return None
    people = people_of(facts, merges)
    return _History(
        start_us=min(fact.created_us for fact in facts),
        facts=facts,
        updated_us=[fact.updated_us for fact in facts],
        refunds=_settle_refunds((t.refund for t in tellings if isinstance(t, RefundFact)), facts),
        cancelled_us=min(
            (fact.cancelled_us for fact in facts if fact.cancelled_us is not None), default=None
        ),
        deleted_us=min(
            (t.known_us for t in tellings if isinstance(t, OrderDeletion)), default=None
        ),
        merges=[merge for merge in merges if merge.merged in people],
    )


def _age(fact: OrderFact) -> tuple[int, int, bytes]:
    return fact.updated_us, fact.triggered_us, _canonical(fact)


def _settle_refunds(alone: Iterable[Refund], facts: Sequence[OrderFact]) -> Sequence[Refund]:
    """Return each refund as the newest fact tells it; one that came alone counts as oldest."""
    newest: dict[str, Refund] = {}
    for refund in sorted(alone, key=_canonical):
        newest[refund.refund_id] = refund
    for fact in facts:
        for refund in fact.refunds:
            newest[refund.refund_id] = refund
    return list(newest.values())


def _told_us(tellings: Sequence[Telling]) -> set[int]:
    """Return the instants at which something was told as it became known."""
    told = set()
    for telling in tellings:
        if isinstance(telling, OrderFact):
            told.add(telling.updated_us)
        elif isinstance(telling, RefundFact):
            told.add(telling.refund.known_us)
        elif isinstance(telling, OrderDeletion):
            told.add(telling.known_us)
    return told


def _instants(history: _History) -> list[int]:
    """Return the instants at which the state may change; nothing is known before the start."""
    dated = [
        *history.updated_us,
        *(refund.known_us for refund in history.refunds),
        *(merge.known_us for merge in history.merges),
        *(us for us in (history.cancelled_us, history.deleted_us) if us is not None),
    ]
    return sorted({history.start_us, *(max(us, history.start_us) for us in dated)})


def _state(history: _History, at_us: int) -> _State:
    known_facts = bisect_right(history.updated_us, at_us)
    base = history.facts[max(0, known_facts - 1)]
    # Before its first telling an order is drawn from that telling, but for what has no date.
    told = known_facts > 0
    lines = _lines_left(base) if told else base.lines
    gift_cards = {line.line_id for line in lines if line.gift_card}
    gross_minor = sum(line.gross_minor for line in lines if not line.gift_card)
    refunded = _refunded(history.refunds, at_us)
    refund_minor = sum(
        minor for line_id, (_, minor) in refunded.items() if line_id not in gift_cards
    )
    customer = base.customer
    if customer is not None and history.merges:
        customer = settle_customer(customer, history.merges, at_us)
    sold = (
        base.confirmed
        and not base.test
        and not (told and base.voided)
        and not _is_past(history.cancelled_us, at_us)
        and not _is_past(history.deleted_us, at_us)
    )
    return _State(
        customer=customer,
        occurred_us=base.occurred_us,
        valid=sold and customer is not None,
        gross_minor=gross_minor,
        refund_minor=min(gross_minor, refund_minor),
        lines=_with_refunds(lines, refunded),
        sold=sold,
        discount_minor=sum(line.discount_minor for line in lines if not line.gift_card),
    )


def _refunded(refunds: Sequence[Refund], at_us: int) -> Mapping[str, tuple[int, int]]:
    """Return line id to (units, minor units) of all refunds known at the instant."""
    refunded: dict[str, tuple[int, int]] = {}
    for refund in refunds:
        if refund.known_us <= at_us:
            for line_id, units, minor in refund.lines:
                before = refunded.get(line_id, (0, 0))
                refunded[line_id] = (before[0] + units, before[1] + minor)
    return refunded


def _with_refunds(
    lines: tuple[Line, ...], refunded: Mapping[str, tuple[int, int]]
) -> tuple[Line, ...]:
    """Return the lines with what came back of each: never more than was sold."""
    if not refunded:
        return lines
    return tuple(
        msgspec.structs.replace(
            line,
            returned=min(line.quantity, refunded[line.line_id][0]),
            refund_minor=min(line.gross_minor, refunded[line.line_id][1]),
        )
        if line.line_id in refunded
        else line
        for line in lines
    )


def _is_past(us: int | None, at_us: int) -> bool:
    return us is not None and us <= at_us


def _lines_left(fact: OrderFact) -> tuple[Line, ...]:
    """Return the lines without the units that an edit took off."""
    if not fact.edited_off:
        return fact.lines
    off: Mapping[str, tuple[int, int]] = {
        line_id: (units, minor) for line_id, units, minor in fact.edited_off
    }
    return tuple(_less(line, *off.get(line.line_id, (0, 0))) for line in fact.lines)


def _less(line: Line, units: int, minor: int) -> Line:
    if not (units or minor) or not line.quantity:
        return line
    return msgspec.structs.replace(
        line,
        quantity=max(0, line.quantity - units),
        gross_minor=max(0, line.gross_minor - minor),
        discount_minor=line.discount_minor * max(0, line.quantity - units) // line.quantity,
    )
