"""Turns what is kept of stock into the versions of each level that were known in time."""

from collections.abc import Iterable

from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import UNTIL_FOREVER_US
from shopwright.core.types.stock import LevelFact, LevelVersion
from shopwright.events.stock import age

_Place = tuple[str, str]


def chain(store_id: StoreId, tellings: Iterable[Telling]) -> tuple[LevelVersion, ...]:
    """Return the versions of every level told of, by item, place and time.

    A function of the set of tellings. A version is known from its telling's ``updated_us`` until
    the next one's; a telling that changes nothing begins none. Of two tellings of one instant the
    newer by ``stock.age`` counts. Given what ``stock.keep`` keeps of the past, a question as of a
    UTC midnight is answered as if everything had been kept; one within a day by the lowest or the
    newest level of that day told before it, else by the last one of an earlier day.
    """
    places: dict[_Place, dict[int, LevelFact]] = {}
    for fact in tellings:
        if isinstance(fact, LevelFact):
            told = places.setdefault((fact.item, fact.location), {})
            same = told.get(fact.updated_us)
            told[fact.updated_us] = fact if same is None else max(same, fact, key=age)
    return tuple(
        version for place in sorted(places) for version in _versions(store_id, places[place])
    )


def _versions(store_id: StoreId, told: dict[int, LevelFact]) -> list[LevelVersion]:
    begun: list[LevelFact] = []
    for _, fact in sorted(told.items()):
        if not begun or begun[-1].available != fact.available:
            begun.append(fact)
    ends_us = [fact.updated_us for fact in begun[1:]] + [UNTIL_FOREVER_US]
    return [
        LevelVersion(
            store_id=store_id,
            item=fact.item,
            location=fact.location,
            known_us=fact.updated_us,
            known_until_us=until_us,
            available=fact.available,
        )
        for fact, until_us in zip(begun, ends_us, strict=True)
    ]
