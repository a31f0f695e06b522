"""The ledger's content beside the reference: what was told, and the versions that follow."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Set
from typing import Any

from shopwright.app.bootstrap import open_feed, open_ledger
from shopwright.app.settings import Settings
from shopwright.app.torture.expected import Expected
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import Document
from shopwright.pipelines.draft import gathered_of


def count_ledger(
    settings: Settings, expected: Expected, excused: Set[Document]
) -> Mapping[str, int]:
    """Count the documents that differ, by kind; those of erased people are left out."""
    different: Counter[str] = Counter()
    for kind, found, wanted in (
        ("tellings", _tellings(settings, expected), expected.tellings),
        ("orders", _orders(settings), expected.orders),
        ("products", _products(settings, expected), expected.products),
    ):
        different[kind] += sum(
            found.get(document) != (wanted.get(document) or None)
            for document in found.keys() | wanted.keys()
            if document not in excused
        )
    return different


def _tellings(settings: Settings, expected: Expected) -> dict[Document, Any]:
    ledger = open_ledger(settings, read_only=True)
    try:
        told = ledger.tellings(list(expected.tellings))
        return {document: gathered_of(document, (), of_one) for document, of_one in told.items()}
    finally:
        ledger.close()


def _orders(settings: Settings) -> dict[Document, Any]:
    """Return every order's versions, read month by month as the history reads them."""
    feed = open_feed(settings)
    chains: dict[Document, list[Any]] = defaultdict(list)
    for month in feed.changed_months(0):
        if month.holds == "orders":
            for version in feed.month_orders(month):
                chains[Document(version.store_id, "order", version.order)].append(version)
    feed.close()
    return {
        document: tuple(sorted(chain, key=lambda version: version.version))
        for document, chain in chains.items()
    }


def _products(settings: Settings, expected: Expected) -> dict[Document, Any]:
    feed = open_feed(settings)
    chains: dict[Document, list[Any]] = defaultdict(list)
    stores = {document.store_id for document in expected.tellings}
    for store_id in sorted(stores):
        for version in feed.products(StoreId(store_id)):
            key = version.product_id.encode()
            chains[Document(store_id, "product", key)].append(version)
    feed.close()
    return {document: tuple(chain) for document, chain in chains.items()}
