"""Whom a change concerns: everyone an order names, and everyone merges make of them."""

from collections.abc import Iterable, Sequence

from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import OrderFact


def people_of(tellings: Iterable[Telling], merges: Sequence[CustomerMerge]) -> set[Pseudonym]:
    """Return every customer whom any version of the order may name, now or before a late merge."""
    people = {
        telling.customer
        for telling in tellings
        if isinstance(telling, OrderFact) and telling.customer is not None
    }
    waiting = list(people)
    while waiting:
        person = waiting.pop()
        for merge in merges:
            if merge.merged == person and merge.kept not in people:
                people.add(merge.kept)
                waiting.append(merge.kept)
    return people
