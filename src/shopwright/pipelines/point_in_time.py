"""History, asked as it was known: spines of (customer, instant) and the features of each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shopwright.core.money import minor_per_major
from shopwright.core.ports import Columns, OfflineStore
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.store import Store
from shopwright.features.category import leading_category_sql
from shopwright.features.item_view import ItemView, start_column
from shopwright.features.joined import JoinedViews
from shopwright.features.local_days import day_of, midnight_us
from shopwright.features.model_files import model_sql
from shopwright.features.sql import population_sql
from shopwright.features.view import FeatureView

NO_CATEGORY = "(none)"
"""Customers whose products carry no category are counted under this name."""


def spine(store: Store, entities: Sequence[Pseudonym], instants_us: Sequence[int]) -> Columns:
    """Return a spine of (customer, instant) pairs, one row each, numbered from 0."""
    return spine_of_stores([store] * len(entities), entities, instants_us)


def spine_of_stores(
    stores: Sequence[Store], entities: Sequence[Pseudonym], instants_us: Sequence[int]
) -> Columns:
    """Return a spine whose every row names its own store; the three are of one length."""
    units = [minor_per_major(store.currency) for store in stores]
    return {
        "row_id": np.arange(len(entities), dtype=np.int64),
        "store_id": _texts([store.store_id for store in stores]),
        "entity": _texts(entities),
        "as_of_us": np.asarray(instants_us, dtype=np.int64),
        "minor_per_major": np.asarray(units, dtype=np.int64),
    }


def item_spine(
    view: ItemView, stores: Sequence[Store], items: Sequence[str], instants_us: Sequence[int]
) -> Columns:
    """Return a spine of items of stores, with the midnights at which their windows begin.

    The three are of one length. The item of a view that names none is an empty text.
    """
    asked = dict(spine_of_stores(stores, [Pseudonym(b"")] * len(items), instants_us))
    asked["item"] = _texts(items)
    zones = [store.timezone for store in stores]
    days = [day_of(zone, us) for zone, us in zip(zones, instants_us, strict=True)]
    for start in view.starts:
        midnights = [midnight_us(zone, day - start) for zone, day in zip(zones, days, strict=True)]
        asked[start_column(start)] = np.asarray(midnights, dtype=np.int64)
    return asked


def features_of_stores(
    offline: OfflineStore, view: FeatureView | ItemView, asked: Columns
) -> Columns:
    """Return the view's columns and ``row_id`` for rows of many stores, in the spine's order.

    One statement answers for all of them: a loop over stores would open and plan once for each.
    """
    store_ids = sorted({StoreId(str(one)) for one in asked["store_id"]})
    return offline.query(model_sql(view), store_ids, asked)


def population(offline: OfflineStore, store: Store, instants_us: Sequence[int]) -> Columns:
    """Return the spine of every customer with a valid order, as known before each instant."""
    asked = spine(store, [Pseudonym(b"")] * len(instants_us), instants_us)
    found = offline.query(population_sql(), [store.store_id], asked)
    instants = np.asarray(instants_us, dtype=np.int64)[found["row_id"].astype(np.int64)]
    return spine(store, [Pseudonym(bytes(one)) for one in found["entity"]], instants.tolist())


def features(offline: OfflineStore, store: Store, view: FeatureView, asked: Columns) -> Columns:
    """Return the view's columns and ``row_id`` for each row of the spine, in its order."""
    return offline.query(model_sql(view), [store.store_id], asked)


def joined_features(
    offline: OfflineStore, store: Store, joined: JoinedViews, asked: Columns
) -> Columns:
    """Return the columns of several views, and ``row_id``, for each row of the spine."""
    found: dict[str, np.ndarray[Any, Any]] = {}
    for view in joined.views:
        found |= features(offline, store, view, asked)
    return found


def categories(offline: OfflineStore, store: Store, asked: Columns) -> list[str]:
    """Return each row's leading product category as known before its instant."""
    found = offline.query(leading_category_sql(), [store.store_id], asked)["category"]
    missing = np.ma.getmaskarray(found)
    return [
        NO_CATEGORY if absent or one is None else str(one)
        for one, absent in zip(found, missing, strict=True)
    ]


def _texts(values: Sequence[object]) -> "np.ndarray[Any, Any]":
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
