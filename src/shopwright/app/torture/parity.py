"""Every customer's features three times: online, offline and by the reference; bit for bit."""

from collections.abc import Mapping, Set

import numpy as np
from msgspec import Struct

from shopwright.app.bootstrap import open_offline, open_online
from shopwright.app.settings import Settings
from shopwright.app.torture.expected import Customer, Expected
from shopwright.core.money import minor_per_major
from shopwright.core.types.feature import FeatureValue
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.store import Store
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import evaluate, evaluate_versions
from shopwright.pipelines.point_in_time import features, population, spine

Values = Mapping[Pseudonym, Mapping[str, FeatureValue]]


class Parity(Struct, frozen=True, kw_only=True):
    """How many customers and values were compared, and how many values differ."""

    customers: int
    values: int
    online_unlike_offline: int
    unlike_reference: int
    """Values online that the reference has otherwise, and all values of erased people."""


def compare(
    settings: Settings,
    stores: Mapping[StoreId, Store],
    expected: Expected,
    gone: Set[Customer],
    as_of_us: int,
) -> Parity:
    """Compare everybody's features as of one instant; erased people must be nowhere."""
    wanted = expected.customers()
    customers = unlike = unequal = 0
    for store_id, store in stores.items():
        units = minor_per_major(store.currency)
        theirs = {who: versions for (shop, who), versions in wanted.items() if shop == store_id}
        people = {who for who in theirs if (store_id, who) not in gone}
        reference = {
            who: evaluate_versions(CUSTOMER, theirs[who], as_of_us, units) for who in people
        }
        online = _online(settings, store, as_of_us)
        offline = _offline(settings, store, sorted(people | set(online)), as_of_us)
        nobody = evaluate_versions(CUSTOMER, [], as_of_us, units)
        unlike += _different(online, reference, nobody)
        unlike += len(CUSTOMER.names) * sum((store_id, who) in gone for who in online)
        unequal += _different(offline, online, nobody)
        customers += len(people)
    return Parity(
        customers=customers,
        values=customers * len(CUSTOMER.names),
        online_unlike_offline=unequal,
        unlike_reference=unlike,
    )


def _different(found: Values, wanted: Values, nobody: Mapping[str, FeatureValue]) -> int:
    """Count the values that differ in any bit; whoever is missing has those of nobody.

    Somebody who was merged away keeps a record of no orders, which says the same as none.
    """
    different = 0
    for who in found.keys() | wanted.keys():
        here, there = found.get(who, nobody), wanted.get(who, nobody)
        for name in CUSTOMER.names:
            one, other = here[name], there[name]
            different += one != other or type(one) is not type(other)
    return different


def _online(settings: Settings, store: Store, as_of_us: int) -> Values:
    online, found = open_online(settings), {}
    after: Pseudonym | None = None
    units = minor_per_major(store.currency)
    while page := online.page(store.store_id, CUSTOMER.name, after, 1_000):
        after = page[-1].entity
        for record in page:
            found[record.entity] = evaluate(CUSTOMER, record.state, as_of_us, units)
    return found


def _offline(
    settings: Settings, store: Store, people: list[Pseudonym], as_of_us: int
) -> dict[Pseudonym, dict[str, FeatureValue]]:
    """Ask for these people, and for whoever else the history counts a valid order of."""
    offline = open_offline(settings)
    counted = population(offline, store, [as_of_us])["entity"]
    everyone = sorted({*people, *(Pseudonym(bytes(one)) for one in counted)})
    answered = features(
        offline, store, CUSTOMER, spine(store, everyone, [as_of_us] * len(everyone))
    )
    missing = {name: np.ma.getmaskarray(answered[name]) for name in CUSTOMER.names}
    return {
        who: {
            name: None if missing[name][row] else answered[name][row].item()
            for name in CUSTOMER.names
        }
        for row, who in enumerate(everyone)
    }
