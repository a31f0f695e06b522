"""Finds what was missed: compares what the shop says it updated with what the ledger was told.

Windows of ``updated_at`` overlap, so that what Shopify's search shows late is seen by the next.
What is missing is fetched like history. https://shopify.dev/docs/apps/build/webhooks/best-practices
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from shopwright.admin import documents
from shopwright.admin.slicing import kinds, updated_between
from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.errors import ShopTrouble, Unreadable
from shopwright.core.ports import KeyStore, Ledger
from shopwright.core.types.connection import Slice
from shopwright.core.types.customer import CustomerFact
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import Document, Telling
from shopwright.core.types.order import OrderFact
from shopwright.core.types.product import ProductFact
from shopwright.events.instant import instant_us
from shopwright.events.reading import plain_id
from shopwright.pipelines.admin_client import AdminClient
from shopwright.pipelines.backfill import TOPICS, Backfill
from shopwright.pipelines.bulk_runs import Watch
from shopwright.pipelines.reconcile_stock import StockLook
from shopwright.pipelines.store_keys import StoreKeys

OVERLAP_SECONDS = 600
GRACE_SECONDS = 120
"""What was updated so lately may still be on its way here; the next window sees it again."""
PAGES_MAX = 10_000


class Reconciled(Struct, frozen=True, kw_only=True):
    """What one look at a store found."""

    looked_at: Mapping[str, int]
    """By kind: how many the shop says it updated."""
    missing: Mapping[str, int]
    """By kind: how many of these had not been told here."""
    through_us: int
    """Everything updated in the shop before this is held here once the log is taken in."""


class Reconciler:
    """Looks at one store after another; the ledger is only read."""

    def __init__(
        self, client: AdminClient, backfill: Backfill, ledger: Ledger, keys: KeyStore, clock: Clock
    ) -> None:
        self._client = client
        self._backfill = backfill
        self._ledger = ledger
        self._store_keys = StoreKeys(keys)
        self._stock = StockLook(client, backfill.accept, ledger, keys, clock)
        self._clock = clock

    def run(
        self,
        store_id: StoreId,
        scopes: Collection[str],
        since_us: int,
        *,
        watch: Watch = lambda _: None,
    ) -> Reconciled:
        """Fetch whatever was updated since and is not held. Raises ShopTrouble."""
        until_us = self._clock.now_us() - GRACE_SECONDS * US_PER_SECOND
        from_us = min(since_us, until_us) - OVERLAP_SECONDS * US_PER_SECOND
        looked_at: dict[str, int] = {}
        missing: dict[str, int] = {}
        for kind in kinds(scopes):
            seen = 0
            lacking: dict[str, int] = {}
            for page in self._pages(store_id, kind, updated_between(from_us, until_us)):
                seen += len(page)
                lacking |= self._lacking(store_id, kind, page)
            looked_at[kind], missing[kind] = seen, len(lacking)
            self._fetch(store_id, kind, lacking, watch)
        shelves = self._stock.run(store_id, scopes, updated_between(from_us, until_us))
        looked_at[documents.STOCK], missing[documents.STOCK] = shelves
        return Reconciled(looked_at=looked_at, missing=missing, through_us=until_us)

    def _pages(self, store_id: StoreId, kind: str, search: str) -> Iterator[list[Any]]:
        after = None
        for _ in range(PAGES_MAX):
            asked = {"query": search, "after": after}
            page = self._client.ask(store_id, documents.updated(kind), asked)[kind]
            yield page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def _lacking(self, store_id: StoreId, kind: str, page: Sequence[Any]) -> dict[str, int]:
        """Return the plain id and update instant of what the ledger was not told."""
        pseudonymise = self._store_keys.pseudonymiser(store_id)
        entity = TOPICS[kind][1]
        asked: dict[str, tuple[Document, int, int]] = {}
        for node in page:
            number = plain_id(node["id"], "id")
            key = number.encode() if entity == "product" else pseudonymise(entity, number)
            updated_us = instant_us(node["updatedAt"])
            if updated_us is None:
                raise Unreadable(f"{store_id}: updatedAt of a {entity} is not a date")
            variants = (node.get("variantsCount") or {}).get("count", 0)
            asked[number] = (Document(store_id, entity, key), updated_us, variants)
        told = self._ledger.tellings([document for document, _, _ in asked.values()])
        return {
            number: updated_us
            for number, (document, updated_us, variants) in asked.items()
            if not _is_told(told.get(document, ()), updated_us, variants)
        }

    def _fetch(
        self, store_id: StoreId, kind: str, lacking: Mapping[str, int], watch: Watch
    ) -> None:
        if not lacking:
            return
        first_us, last_us = min(lacking.values()), max(lacking.values())
        # Up to now: an order that changes while it is looked for must not slip out of the window.
        wide = Slice(
            store_id=store_id,
            name=f"reconcile/{kind}",
            kind=kind,
            search=updated_between(first_us, max(last_us, self._clock.now_us())),
        )
        (taken,) = self._backfill.run([wide], only=set(lacking), watch=watch)
        if taken.slice.state == "mismatch":
            # Whoever asked must not take these for held: the next look begins where this one did.
            raise ShopTrouble(
                f"{store_id}: {len(lacking):,} missed {kind} could not be fetched: "
                f"{taken.slice.why}; the next look tries again",
                "partial",
            )


def _is_told(tellings: Sequence[Telling], updated_us: int, variants: int) -> bool:
    for telling in tellings:
        if isinstance(telling, OrderFact | CustomerFact) and telling.updated_us >= updated_us:
            return True
        if isinstance(telling, ProductFact) and telling.updated_us >= updated_us:
            whole = telling.deleted or len(telling.variants) >= variants
            if whole:
                return True
    return False
