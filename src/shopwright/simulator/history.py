"""Lets a shop live from its opening to an instant: people arrive, buy, and drop out unseen.

The crowd starts before the history does, so that the first day finds customers of every age.
"""

import heapq
from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.simulator.population import Account, Cycle, Person, draw_person
from shopwright.simulator.profile import Scale
from shopwright.simulator.rhythm import draw_gap
from shopwright.simulator.season import Calendar, Flow, Sensitivity
from shopwright.simulator.temperament import CASUAL, TEMPERAMENTS, Temperament
from shopwright.simulator.till import Till

WARM_UP_DAYS = 300
"""Days for which people come and buy before the history, unrecorded."""
_CROWD = 1.42
"""People to let in for each one who is to have ordered within the history (measured)."""
_GUESTS_PER_CUSTOMER = 0.08
_TEST_ORDERS = 6
_ACCOUNT_FIRST_SHARE = 0.06
_NEVER_BUYS_SHARE = 0.04
_ARRIVALS = Sensitivity(year=1.0, sale=1.5)


class Idler(Struct, frozen=True):
    """An account that never buys; some are deleted again, as only those can be."""

    account: Account
    deleted_us: int | None


class Crowd(Struct, kw_only=True):
    """Everybody who ever came."""

    people: list[Person]
    idlers: list[Idler]
    shopkeeper: Person


class Span(Struct, frozen=True):
    """The history that is on record: [start_us, end_us)."""

    start_us: int
    end_us: int


def flows_of(calendar: Calendar) -> dict[str, Flow]:
    """Return the operational time of each temperament, by name."""
    return {kind.name: calendar.flow(kind.sensitivity) for kind in TEMPERAMENTS}


def live_through(
    till: Till,
    calendar: Calendar,
    flows: dict[str, Flow],
    span: Span,
    scale: Scale,
    rng: np.random.Generator,
) -> Crowd:
    """Let the crowd in and ring up every sale of the span, in the order of time."""
    shopkeeper = draw_person(CASUAL, len(till.profile.categories), span.start_us, rng)
    crowd = Crowd(people=[], idlers=[], shopkeeper=shopkeeper)
    due: list[tuple[int, int, Person]] = []
    for at_us in _arrivals(calendar, span, round(scale.customers * _CROWD), rng):
        if at_us >= span.start_us and rng.random() < _NEVER_BUYS_SHARE:
            crowd.idlers.append(_idler(till, at_us, rng))
            continue
        person = draw_person(_draw_kind(till, rng), len(till.profile.categories), at_us, rng)
        crowd.people.append(person)
        first_us: int | None = at_us
        if rng.random() < _ACCOUNT_FIRST_SHARE:
            first_us = next_purchase_us(person, flows, rng)
            if at_us >= span.start_us:
                till.open_account(person, at_us, rng)
        if first_us is not None:
            due.append((first_us, len(due), person))
    _trade(till, flows, span, due, _others(crowd, till, calendar, span, scale, rng), rng)
    return crowd


def next_purchase_us(
    person: Person, flows: dict[str, Flow], rng: np.random.Generator
) -> int | None:
    """Return when a person buys next; None when they have gone, or beyond the calendar."""
    cycle = person.cycles[-1]
    if cycle.gone:
        return None
    flow = flows[person.temperament.name]
    at_us = flow.instant(flow.at(cycle.start_us) + draw_gap(cycle.habit, rng))
    return None if at_us is None else max(_second(at_us), cycle.start_us + US_PER_SECOND)


def _trade(
    till: Till,
    flows: dict[str, Flow],
    span: Span,
    due: list[tuple[int, int, Person]],
    others: list[tuple[int, str, Person]],
    rng: np.random.Generator,
) -> None:
    """Serve whoever comes next until the span ends."""
    queue = [(at_us, turn, "customer", person) for at_us, turn, person in due]
    queue += [(at_us, -1 - turn, kind, one) for turn, (at_us, kind, one) in enumerate(others)]
    heapq.heapify(queue)
    while queue and queue[0][0] < span.end_us:
        at_us, turn, kind, person = heapq.heappop(queue)
        if kind == "guest":
            till.sell_to_guest(person, at_us, rng)
            continue
        if kind == "test":
            till.sell_test(person, at_us, rng)
            continue
        if at_us < span.start_us:
            _buy_unrecorded(person, at_us, rng)
        else:
            till.sell(person, at_us, rng)
        next_us = next_purchase_us(person, flows, rng)
        if next_us is not None:
            heapq.heappush(queue, (next_us, turn, kind, person))


def _buy_unrecorded(person: Person, at_us: int, rng: np.random.Generator) -> None:
    """Let a purchase before the history leave its mark on the person only."""
    cycle = person.cycles[-1]
    gone = bool(rng.random() < cycle.habit.dropout)
    person.cycles.append(Cycle(at_us, cycle.habit, gone))


def _arrivals(
    calendar: Calendar, span: Span, count: int, rng: np.random.Generator
) -> Iterator[int]:
    """Yield the instants at which newcomers come, in the order of time."""
    flow = calendar.flow(_ARRIVALS)
    for share in np.sort(rng.random(count)):
        at_us = flow.instant(float(share) * flow.at(span.end_us))
        if at_us is not None:
            yield _second(at_us)


def _others(
    crowd: Crowd,
    till: Till,
    calendar: Calendar,
    span: Span,
    scale: Scale,
    rng: np.random.Generator,
) -> list[tuple[int, str, Person]]:
    """Return the guests of the till, and the shopkeeper's test orders."""
    flow = calendar.flow(_ARRIVALS)
    start, end = flow.at(span.start_us), flow.at(span.end_us)
    shelves = len(till.profile.categories)
    others: list[tuple[int, str, Person]] = []
    for _ in range(round(scale.customers * _GUESTS_PER_CUSTOMER)):
        at_us = flow.instant(start + float(rng.random()) * (end - start))
        if at_us is not None:
            guest = draw_person(CASUAL, shelves, at_us, rng)
            others.append((_second(at_us), "guest", guest))
    for _ in range(_TEST_ORDERS):
        at_us = int(rng.integers(span.start_us + US_PER_DAY, span.end_us))
        others.append((_second(at_us), "test", crowd.shopkeeper))
    return others


def _idler(till: Till, at_us: int, rng: np.random.Generator) -> Idler:
    person = draw_person(CASUAL, len(till.profile.categories), at_us, rng)
    account = till.open_account(person, at_us, rng)
    deleted = rng.random() < 0.15
    when_us = at_us + int(rng.integers(1, 60)) * US_PER_DAY
    return Idler(account, when_us if deleted else None)


def _draw_kind(till: Till, rng: np.random.Generator) -> Temperament:
    shares = np.array([till.profile.mix[kind.name] for kind in TEMPERAMENTS])
    return TEMPERAMENTS[int(rng.choice(len(TEMPERAMENTS), p=shares / shares.sum()))]


def _second(us: int) -> int:
    return us - us % US_PER_SECOND
