"""Online = offline, looked at while the system runs: a few customers, every bit of their features.

The packed records answer from the online store, the portable SQL from the Parquet history, both as
of one instant. They can be compared only while both copies have reached the ledger's last commit.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from shopwright.core.errors import NotReady
from shopwright.core.money import minor_per_major
from shopwright.core.ports import Columns, LedgerFeed, OfflineStore, OnlineStore
from shopwright.core.types.feature import FeatureValue
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.store import Store
from shopwright.features.item_view import ItemView
from shopwright.features.record import evaluate
from shopwright.features.tiles import answers_from, evaluate_tiles, unpack_tiles
from shopwright.features.view import FeatureView
from shopwright.pipelines.point_in_time import features, features_of_stores, item_spine, spine


class Compared(Struct, frozen=True, kw_only=True):
    """What one look at a store and a view saw."""

    entities: int
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
        return _compared(view.names, [values[who] for who in people], found)

    def look_at_items(
        self,
        store: Store,
        view: ItemView,
        after: Pseudonym | None,
        limit: int,
        as_of_us: int,
    ) -> Compared | None:
        """Compare the things that follow a key; None while a copy lags behind.

        Raises as ``look``.
        """
        if not self._is_quiet():
            return None
        units = minor_per_major(store.currency)
        items: list[str] = []
        instants: list[int] = []
        values: list[Vector] = []
        for record in self._online.page(store.store_id, view.name, after, limit):
            try:
                tiles = unpack_tiles(view, record.state)
            except NotReady:
                continue  # it waits for being made for this version
            items.append(record.entity.decode())
            instants.append(answers_from(tiles, as_of_us))
            values.append(evaluate_tiles(view, tiles, instants[-1], units))
        asked = item_spine(view, [store] * len(items), items, instants)
        found = features_of_stores(self._offline, view, asked)
        return _compared(view.names, values, found)

    def _is_quiet(self) -> bool:
        revision = self._feed.revision()
        return self._online.through() == revision == self._offline.through()


Vector = Mapping[str, FeatureValue]


def _compared(names: Sequence[str], online: Sequence[Vector], offline: Columns) -> Compared:
    different = [
        name
        for row, values in enumerate(online)
        for name in names
        if not _same(values[name], _value(offline[name], row))
    ]
    return Compared(
        entities=len(online), values=len(online) * len(names), different=tuple(different)
    )


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
