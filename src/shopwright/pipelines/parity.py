"""Online = offline, looked at while the system runs: a few customers, every bit of their features.

The packed records answer from the online store, the portable SQL from the Parquet history, both as
of one instant. They can be compared only while both copies have reached the ledger's last commit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from shopwright.core.errors import NotReady
from shopwright.core.money import minor_per_major
from shopwright.core.ports import LedgerFeed, OfflineStore, OnlineStore
from shopwright.core.types.feature import FeatureValue
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.store import Store
from shopwright.features.record import evaluate
from shopwright.features.view import FeatureView
from shopwright.pipelines.point_in_time import features, spine


class Compared(Struct, frozen=True, kw_only=True):
    """What one look at a store and a view saw."""

    customers: int
    values: int
    different: tuple[str, ...]
    """Name of the feature of each value that differs."""


class ParityCheck:
    """Compares the two copies of one ledger."""

    def __init__(self, *, feed: LedgerFeed, online: OnlineStore, offline: OfflineStore) -> None:
        self._feed = feed
        self._online = online
        self._offline = offline

    def look(
        self,
        store: Store,
        view: FeatureView,
        after: Pseudonym | None,
        limit: int,
        as_of_us: int,
    ) -> Compared | None:
        """Compare the customers that follow a pseudonym; None while a copy lags behind.

        Raises Damaged for a record that is not what was written, and what the stores raise.
        """
        if not self._is_quiet():
            return None
        page = self._online.page(store.store_id, view.name, after, limit)
        units = minor_per_major(store.currency)
        values = {
            record.entity: known
            for record in page
            if (known := _evaluated(view, record.state, as_of_us, units)) is not None
        }
        people = list(values)
        asked = spine(store, people, [as_of_us] * len(people))
        found = features(self._offline, store, view, asked)
        different: list[str] = []
        for row, who in enumerate(people):
            different += [
                name
                for name in view.names
                if not _same(values[who][name], _value(found[name], row))
            ]
        return Compared(
            customers=len(people),
            values=len(people) * len(view.names),
            different=tuple(different),
        )

    def _is_quiet(self) -> bool:
        revision = self._feed.revision()
        return self._online.through() == revision == self._offline.through()


def _evaluated(
    view: FeatureView, state: bytes, as_of_us: int, units: int
) -> dict[str, FeatureValue] | None:
    """Return a record's values; None where it waits for being made for this version."""
    try:
        return evaluate(view, state, as_of_us, units)
    except NotReady:
        return None


def _value(column: "np.ndarray[Any, Any]", row: int) -> object:
    value = np.ma.asarray(column)[row]
    return None if value is np.ma.masked else value.item()


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def differing_names(compared: Sequence[Compared]) -> list[str]:
    """Return the names of features that differed anywhere, each once."""
    return sorted({name for one in compared for name in one.different})
