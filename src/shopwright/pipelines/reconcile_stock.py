"""Finds changes of stock that no webhook told: place by place, by when they were made.

The answer holds the level itself, so that nothing needs to be fetched.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from shopwright.admin import documents
from shopwright.core.clock import Clock
from shopwright.core.errors import ShopTrouble, Unreadable
from shopwright.core.ports import KeyStore, Ledger
from shopwright.core.types.identity import StoreId
from shopwright.events import stock
from shopwright.events.instant import instant_us
from shopwright.events.reading import plain_id
from shopwright.pipelines.admin_client import AdminClient
from shopwright.pipelines.backfill import Accept, told_event
from shopwright.pipelines.store_keys import StoreKeys

SCOPES = frozenset({"read_inventory", "read_locations"})
PAGES_MAX = 10_000


class Found(NamedTuple):
    """What one look at the shelves found."""

    looked_at: int
    missing: int


class _Level(NamedTuple):
    item: str
    location: str
    updated_us: int
    body: bytes


class StockLook:
    """Looks at the shelves of one store after another; the ledger is only read."""

    def __init__(
        self, client: AdminClient, accept: Accept, ledger: Ledger, keys: KeyStore, clock: Clock
    ) -> None:
        self._client = client
        self._accept = accept
        self._ledger = ledger
        self._store_keys = StoreKeys(keys)
        self._clock = clock

    def run(self, store_id: StoreId, scopes: Collection[str], search: str) -> Found:
        """Take in every level that the search finds and that is not held. Raises ShopTrouble."""
        looked_at = missing = 0
        if not set(scopes) >= SCOPES:
            return Found(0, 0)
        for location in self._locations(store_id):
            asked = {"location": location, "query": search}
            for nodes in self._pages(store_id, documents.LEVELS_UPDATED, asked, "location"):
                found = [_level(store_id, node) for node in nodes]
                looked_at += len(found)
                missing += self._take(store_id, self._lacking(store_id, found))
        return Found(looked_at, missing)

    def _locations(self, store_id: StoreId) -> list[str]:
        pages = self._pages(store_id, documents.LOCATIONS, {}, None)
        return [node["id"] for nodes in pages for node in nodes]

    def _pages(
        self, store_id: StoreId, document: str, asked: dict[str, Any], inside: str | None
    ) -> Iterator[list[Any]]:
        after = None
        for _ in range(PAGES_MAX):
            data = self._client.ask(store_id, document, {**asked, "after": after})
            if inside is not None and data[inside] is None:
                return  # the location was removed between two questions
            page = data["locations"] if inside is None else data[inside]["inventoryLevels"]
            yield page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]
        raise ShopTrouble(f"{store_id}: the list of stock does not end", "unavailable")

    def _lacking(self, store_id: StoreId, found: Sequence[_Level]) -> list[_Level]:
        documents_of = {one.item: stock.now_of(store_id, one.item) for one in found}
        told = self._ledger.tellings([*documents_of.values()])
        held = {
            item: stock.levels(told.get(document, ())) for item, document in documents_of.items()
        }
        return [
            one
            for one in found
            if one.location not in held[one.item]
            or held[one.item][one.location].updated_us < one.updated_us
        ]

    def _take(self, store_id: StoreId, lacking: Sequence[_Level]) -> int:
        pseudonymise = self._store_keys.pseudonymiser(store_id)
        now_us = self._clock.now_us()
        self._accept(
            [
                told_event(store_id, documents.STOCK, one.item, one.body, pseudonymise, now_us)
                for one in lacking
            ]
        )
        return len(lacking)


def _level(store_id: StoreId, node: dict[str, Any]) -> _Level:
    """Return one level, and the item that a backfill would tell with it."""
    updated_us = instant_us(node["updatedAt"])
    if updated_us is None:
        raise Unreadable(f"{store_id}: updatedAt of a stock is not a date")
    item = node["item"]["id"]
    told = {name: node[name] for name in ("updatedAt", "isActive", "location", "quantities")}
    return _Level(
        item=plain_id(item, "id"),
        location=plain_id(node["location"]["id"], "id"),
        updated_us=updated_us,
        body=msgspec.json.encode({"id": item, "inventoryLevels": [told]}),
    )
