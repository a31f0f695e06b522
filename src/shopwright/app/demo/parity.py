"""Every customer's twelve features, read online and offline for one instant, and compared."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from shopwright.app.bootstrap import open_offline, open_online
from shopwright.app.settings import Settings
from shopwright.core.money import minor_per_major
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.store import Store
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import evaluate
from shopwright.pipelines.point_in_time import features, population


class Parity(Struct, frozen=True, kw_only=True):
    """How many values were compared, and how many of them differ in any bit."""

    customers: int
    values: int
    different: int


def compare(settings: Settings, stores: Sequence[Store], as_of_us: int) -> Parity:
    """Compare the online store with SQL over Parquet for everyone, as of one instant."""
    online, offline = open_online(settings), open_offline(settings)
    customers = different = 0
    for store in stores:
        asked = population(offline, store, [as_of_us])
        answered = features(offline, store, CUSTOMER, asked)
        people = [Pseudonym(bytes(entity)) for entity in asked["entity"]]
        records = online.read(store.store_id, CUSTOMER.name, people)
        missing = {name: np.ma.getmaskarray(answered[name]) for name in CUSTOMER.names}
        for row, person in enumerate(people):
            served = evaluate(
                CUSTOMER, records[person].state, as_of_us, minor_per_major(store.currency)
            )
            different += sum(
                served[name] != (None if missing[name][row] else answered[name][row].item())
                for name in CUSTOMER.names
            )
        customers += len(people)
    return Parity(customers=customers, values=customers * len(CUSTOMER.names), different=different)
