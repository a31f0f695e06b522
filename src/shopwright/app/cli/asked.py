"""What commands ask about one store's customers: who is meant, and their features then or now."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from shopwright.app.bootstrap import (
    open_decisions,
    open_keys,
    open_ledger,
    open_offline,
    open_online,
    open_registry,
    open_stores,
)
from shopwright.app.settings import Settings
from shopwright.core.clock import SystemClock
from shopwright.core.errors import BadInput
from shopwright.core.money import minor_per_major
from shopwright.core.ports import Columns
from shopwright.core.types.feature import FeatureVector
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.store import Store
from shopwright.features.item_view import ItemView
from shopwright.features.record import evaluate_versions
from shopwright.features.tiles import entity_of, item_id
from shopwright.features.view import FeatureView
from shopwright.pipelines.point_in_time import features_of_stores, item_spine, spine_of_stores
from shopwright.pipelines.predict import Scoring
from shopwright.privacy.pseudonyms import show

Pair = tuple[Pseudonym, int]
"""A customer and an instant in epoch microseconds."""


SpineRow = tuple[Store, Pseudonym, int]
"""A store, a customer of it and an instant in epoch microseconds."""

ROWS_AT_ONCE = 1_000_000
"""One statement answers so many rows: more would not go faster, and take more memory."""


def frame(
    settings: Settings, view: FeatureView | ItemView, rows: Sequence[SpineRow]
) -> dict[str, list[Any]]:
    """Return a view's features of every row, in order, from the Parquet history of all stores."""
    offline = open_offline(settings)
    made: dict[str, list[Any]] = {
        "as_of": [as_of_us for _, _, as_of_us in rows],
        "store_id": [str(store.store_id) for store, _, _ in rows],
        "entity": [shown(view, entity) for _, entity, _ in rows],
        **{name: [] for name in view.names},
    }
    for start in range(0, max(1, len(rows)), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        asked = _spine(view, part)
        found = features_of_stores(offline, view, asked)
        for name in view.names:
            # A masked array's list has None where nothing is known.
            made[name] += np.ma.asarray(found[name]).tolist()
    return made


def _spine(view: FeatureView | ItemView, rows: Sequence[SpineRow]) -> Columns:
    stores, entities, instants = zip(*rows, strict=True) if rows else ((), (), ())
    if isinstance(view, ItemView):
        return item_spine(view, stores, [entity.decode() for entity in entities], instants)
    return spine_of_stores(stores, entities, instants)


def shown(view: FeatureView | ItemView, entity: Pseudonym) -> str:
    """Return an entity as people read it: a customer by its pseudonym, a thing by its own id."""
    return entity.decode() if isinstance(view, ItemView) else show(entity)


class Asked:
    """One store, as commands ask about it. Raises UnknownStore."""

    def __init__(self, settings: Settings, store_id: StoreId) -> None:
        self._settings = settings
        self._keys = open_keys(settings)
        self._stores = open_stores(settings)
        self.store = self._stores.get(store_id)

    def entity_of(self, view: FeatureView | ItemView, text: str) -> Pseudonym:
        """Read a customer's id, gid or pseudonym, or a thing's id or gid. Raises BadInput."""
        if not isinstance(view, ItemView):
            return self._scoring().pseudonym_of(self.store.store_id, text)
        if view.column is None and text not in ("", str(self.store.store_id)):
            raise BadInput(
                f"the view {view.name} is about the store: ask for {self.store.store_id}"
            )
        return entity_of("" if view.column is None else item_id(text))

    def vector_now(
        self, view: FeatureView | ItemView, entity: str, now_us: int
    ) -> tuple[FeatureVector, int | None]:
        """Return the features in the online store, and when their newest event was received."""
        scoring = self._scoring()
        store_id, who = self.store.store_id, self.entity_of(view, entity)
        if isinstance(view, ItemView):
            vector, record = scoring.item_vector(store_id, who, now_us, view)
        else:
            vector, record = scoring.vector(store_id, who, now_us, view)
        return vector, record.received_us if record else None

    def vector_then(self, view: FeatureView, entity: str, as_of_us: int) -> FeatureVector:
        """Return the features as they were known at an instant, from the ledger's versions."""
        who = self.entity_of(view, entity)
        ledger = open_ledger(self._settings, read_only=True)
        versions = ledger.orders_of(self.store.store_id, [who]).get(who, ())
        units = minor_per_major(self.store.currency)
        return FeatureVector(
            store_id=self.store.store_id,
            entity=who,
            view=view.label,
            as_of_us=as_of_us,
            values=evaluate_versions(view, versions, as_of_us, units),
        )

    def item_vector_then(self, view: ItemView, entity: str, as_of_us: int) -> FeatureVector:
        """Return the features as they were known at an instant, from the Parquet history."""
        who = self.entity_of(view, entity)
        found = frame(self._settings, view, [(self.store, who, as_of_us)])
        return FeatureVector(
            store_id=self.store.store_id,
            entity=who,
            view=view.label,
            as_of_us=as_of_us,
            values={name: found[name][0] for name in view.names},
        )

    def rows(self, pairs: Sequence[Pair]) -> list[SpineRow]:
        """Return pairs as rows that name this store."""
        return [(self.store, entity, as_of_us) for entity, as_of_us in pairs]

    def _scoring(self) -> Scoring:
        """Open scoring without its models: nothing is scored here."""
        return Scoring(
            online=open_online(self._settings),
            stores=self._stores,
            keys=self._keys,
            registry=open_registry(self._settings),
            decisions=open_decisions(self._settings),
            clock=SystemClock(),
            nonces=os.urandom,
        )
