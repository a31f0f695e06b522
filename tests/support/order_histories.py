"""Random histories that meet every edge: ties, midnights, window borders, changes of every kind.

Drawn through one function ``choose(low, high)``, both ends included, so that Hypothesis can draw
and shrink them and a seeded generator can repeat them.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar, overload

from msgspec.structs import replace
from numpy.random import default_rng

from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.order import (
    UNTIL_FOREVER_US,
    Line,
    OrderDeletion,
    OrderEdit,
    OrderFact,
    OrderTelling,
    OrderVersion,
    Refund,
    RefundFact,
)

Choose = Callable[[int, int], int]
T = TypeVar("T")

DAY = 86_400_000_000
MIDNIGHT = 1_760_054_400_000_000
"""2025-10-10T00:00Z."""
STORES = (StoreId("one.myshopify.com"), StoreId("two.myshopify.com"))
CUSTOMERS = tuple(Pseudonym(bytes([0, i]) * 8) for i in range(4))
"""Their bytes hold zeros, also at the end of one; the last of them never orders."""
MINOR_PER_MAJOR = (1, 100, 1_000)
_DAYS = (0, 1, 6, 7, 8, 29, 30, 31, 60, 89, 90, 91, 120, 200, 400)
_TICKS = (0, 0, 0, -1, 1, DAY // 2)
_AMOUNTS = (0, 1, 999, 5_000, 12_345, 10**9, 9_007_199_254_740_993)


class Question(NamedTuple):
    """One row of a spine, and the floor of the record that should answer it."""

    store_id: StoreId
    customer: Pseudonym
    as_of_us: int
    minor_per_major: int
    floor_us: int


class History(NamedTuple):
    """Versions of the orders of two stores, and questions about their customers."""

    versions: list[OrderVersion]
    questions: list[Question]


class Story(NamedTuple):
    """What was told of the orders of one store, and questions about its customers."""

    tellings: dict[Pseudonym, list[OrderTelling]]
    merges: list[CustomerMerge]
    questions: list[Question]


def one_of(choose: Choose, among: Sequence[T]) -> T:
    """Return one of several."""
    return among[choose(0, len(among) - 1)]


def instant(choose: Choose) -> int:
    """Return an instant on or next to a midnight, from a grid so small that many coincide."""
    return MIDNIGHT + one_of(choose, _DAYS) * DAY + one_of(choose, _TICKS)


def history(choose: Choose) -> History:
    """Return versions as a ledger could hold them, with questions that fall on their edges."""
    chains = [_chain(choose, number) for number in range(choose(0, 8))]
    versions = [version for chain in chains for version in chain]
    edges = [
        _Edge(one.store_id, one.customer, us)
        for one in versions
        for us in (one.occurred_us, one.known_us)
    ]
    return History(versions, [_question(choose, edges, STORES) for _ in range(choose(1, 8))])


def many(count: int) -> History:
    """Return that many seeded histories as one, no customer in two of them."""
    whole = History([], [])
    for seed in range(count):
        versions, questions = history(seeded(seed))
        whole.versions.extend(
            replace(one, customer=_renamed(one.customer, seed)) for one in versions
        )
        whole.questions.extend(
            one._replace(customer=_renamed(one.customer, seed)) for one in questions
        )
    return whole


def seeded(seed: int) -> Choose:
    """Return a way to choose that repeats itself."""
    generator = default_rng(seed)
    return lambda low, high: int(generator.integers(low, high, endpoint=True))


def story(choose: Choose) -> Story:
    """Return tellings of orders in the order of arrival, duplicates and late ones among them."""
    tellings = {_key(number): _tellings(choose, _key(number)) for number in range(choose(0, 5))}
    merges = {
        (merge.merged, merge.known_us): merge
        for merge in (_merge(choose) for _ in range(choose(0, 3)))
    }
    told = [one for of_order in tellings.values() for one in of_order]
    customers = [one.customer for one in told if isinstance(one, OrderFact)] or [None]
    edges = [
        _Edge(STORES[0], one_of(choose, customers), us) for one in told for us in _dates_of(one)
    ] + [_Edge(STORES[0], merge.kept, merge.known_us) for merge in merges.values()]
    questions = [_question(choose, edges, STORES[:1]) for _ in range(choose(1, 8))]
    return Story(tellings, list(merges.values()), questions)


def _key(number: int) -> Pseudonym:
    return Pseudonym(number.to_bytes(16, "big"))


@overload
def _renamed(customer: Pseudonym, seed: int) -> Pseudonym: ...
@overload
def _renamed(customer: None, seed: int) -> None: ...
def _renamed(customer: Pseudonym | None, seed: int) -> Pseudonym | None:
    return customer and Pseudonym(seed.to_bytes(2, "big") + customer[2:])


class _Edge(NamedTuple):
    """Where an answer may change: an instant of somebody's order."""

    store_id: StoreId
    customer: Pseudonym | None
    us: int


def _question(choose: Choose, edges: Sequence[_Edge], stores: Sequence[StoreId]) -> Question:
    """Return a question on an edge, or where a window ends after one; sometimes about others."""
    anybody = _Edge(one_of(choose, stores), one_of(choose, CUSTOMERS), instant(choose))
    edge = one_of(choose, edges) if edges else anybody
    about = edge if edge.customer is not None and choose(0, 3) else anybody
    ticks = one_of(choose, (0, 0, 0, 1, -1, DAY))
    as_of_us = edge.us + one_of(choose, (0, 0, 7, 30, 90)) * DAY + ticks
    return Question(
        about.store_id,
        about.customer or CUSTOMERS[3],
        as_of_us,
        one_of(choose, MINOR_PER_MAJOR),
        as_of_us - one_of(choose, (0, 1, DAY, 95 * DAY, 500 * DAY)),
    )


def _chain(choose: Choose, number: int) -> list[OrderVersion]:
    store_id, occurred_us = one_of(choose, STORES), instant(choose)
    first_us = instant(choose) if choose(0, 3) == 0 else occurred_us + one_of(choose, (0, 1, -1))
    known = sorted({first_us, *(instant(choose) for _ in range(choose(0, 3)))})
    chain = []
    for version, (known_us, until_us) in enumerate(
        zip(known, [*known[1:], UNTIL_FOREVER_US], strict=True)
    ):
        customer = one_of(choose, (*CUSTOMERS[:2], *CUSTOMERS[:3], None))
        gross_minor = one_of(choose, _AMOUNTS)
        sold = choose(0, 4) > 0
        chain.append(
            OrderVersion(
                store_id=store_id,
                order=_key(number),
                version=version,
                customer=customer,
                known_us=known_us,
                known_until_us=until_us,
                occurred_us=instant(choose) if choose(0, 9) == 0 else occurred_us,
                valid=sold and customer is not None,
                gross_minor=gross_minor,
                refund_minor=min(gross_minor, one_of(choose, _AMOUNTS)),
                lines=(),
                reconstructed=choose(0, 1) == 1,
                sold=sold,
                discount_minor=one_of(choose, _AMOUNTS),
            )
        )
    return chain


def _tellings(choose: Choose, order: Pseudonym) -> list[OrderTelling]:
    created_us = instant(choose)
    pool = [(f"r{i}", instant(choose)) for i in range(choose(0, 2))]
    told: list[OrderTelling] = [
        _fact(choose, order, created_us, number, pool) for number in range(choose(0, 3))
    ]
    for refund_id, known_us in pool:
        if choose(0, 1):
            told.append(RefundFact(order=order, refund=_refund(choose, refund_id, known_us)))
    if choose(0, 7) == 0:
        told.append(OrderDeletion(order=order, known_us=instant(choose)))
    if choose(0, 7) == 0:
        told.append(OrderEdit(order=order, known_us=instant(choose)))
    told += [one_of(choose, told) for _ in range(choose(0, 2)) if told]
    arrived = []
    while told:
        arrived.append(told.pop(choose(0, len(told) - 1)))
    return arrived


def _fact(
    choose: Choose,
    order: Pseudonym,
    created_us: int,
    number: int,
    pool: Sequence[tuple[str, int]],
) -> OrderFact:
    lines = tuple(
        Line(
            line_id=f"l{i}",
            product_id=None,
            variant_id=None,
            sku=None,
            quantity=choose(1, 3),
            gross_minor=one_of(choose, _AMOUNTS),
            gift_card=choose(0, 4) == 0,
            discount_minor=one_of(choose, (0, 0, *_AMOUNTS)),
        )
        for i in range(choose(0, 3))
    )
    edited = tuple(
        (line.line_id, 1, line.gross_minor // line.quantity) for line in lines if choose(0, 5) == 0
    )
    return OrderFact(
        order=order,
        customer=one_of(choose, (*CUSTOMERS[:2], *CUSTOMERS[:3], None)),
        occurred_us=one_of(choose, (created_us, instant(choose))),
        created_us=created_us,
        updated_us=instant(choose),
        triggered_us=number,
        test=choose(0, 9) == 0,
        confirmed=choose(0, 9) > 0,
        cancelled_us=instant(choose) if choose(0, 5) == 0 else None,
        voided=choose(0, 7) == 0,
        edited_off=edited,
        lines=lines,
        refunds=tuple(_refund(choose, *one) for one in pool if choose(0, 1)),
    )


def _refund(choose: Choose, refund_id: str, known_us: int) -> Refund:
    lines = tuple((f"l{i}", 1, one_of(choose, _AMOUNTS)) for i in range(4) if choose(0, 2) == 0)
    return Refund(refund_id=refund_id, known_us=known_us, lines=lines)


def _merge(choose: Choose) -> CustomerMerge:
    return CustomerMerge(
        merged=one_of(choose, CUSTOMERS[:3]),
        kept=one_of(choose, CUSTOMERS),
        known_us=instant(choose),
    )


def _dates_of(telling: OrderTelling) -> list[int]:
    if isinstance(telling, OrderFact):
        refunds = [refund.known_us for refund in telling.refunds]
        cancelled = [] if telling.cancelled_us is None else [telling.cancelled_us]
        return [telling.created_us, telling.updated_us, telling.occurred_us, *refunds, *cancelled]
    if isinstance(telling, RefundFact):
        return [telling.refund.known_us]
    return [telling.known_us]
