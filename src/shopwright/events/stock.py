"""What is kept of everything that was told of stock: the present whole, the past by the day.

Stock changes with every sale, so that not every telling can be kept for ever. Both documents are
functions of the set of tellings: in whatever order and however often they come, the same is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import Document, Telling
from shopwright.core.types.stock import LevelFact

NOW, PAST = "stock", "stock_month"
"""Kinds of documents: an item's newest level at each place, and a month of an item's history."""

_canonical = msgspec.msgpack.Encoder().encode


def documents_of(store_id: StoreId, fact: LevelFact) -> tuple[Document, Document]:
    """Return the two documents that keep a level."""
    month = datetime.fromtimestamp(fact.updated_us // US_PER_SECOND, UTC).strftime("%Y-%m")
    return now_of(store_id, fact.item), Document(store_id, PAST, f"{fact.item}/{month}".encode())


def now_of(store_id: StoreId, item: str) -> Document:
    """Return the document of an item's newest levels."""
    return Document(store_id, NOW, item.encode())


def month_of(document: Document) -> str:
    """Return the month of a document of the past: ``2026-11``."""
    return document.key[-len("2026-11") :].decode()


def keep(kind: str, tellings: Iterable[Telling]) -> tuple[Telling, ...]:
    """Return what of the tellings is kept in a document of that kind.

    Of the present: the newest at each place. Of the past: the newest and the lowest of each UTC day
    and place, so that a shelf that was empty for an hour is seen.
    """
    newest: dict[tuple[str, int], LevelFact] = {}
    lowest: dict[tuple[str, int], LevelFact] = {}
    for fact in tellings:
        if isinstance(fact, LevelFact):
            bucket = (fact.location, 0 if kind == NOW else fact.updated_us // US_PER_DAY)
            newest[bucket] = max(newest.get(bucket, fact), fact, key=age)
            lowest[bucket] = min(lowest.get(bucket, fact), fact, key=_height)
    kept = list(newest.values()) if kind == NOW else [*newest.values(), *lowest.values()]
    return tuple({_canonical(one): one for one in sorted(kept, key=age)}.values())


def levels(tellings: Sequence[Telling]) -> Mapping[str, LevelFact]:
    """Return an item's newest level at each place, by location."""
    facts = [one for one in keep(NOW, tellings) if isinstance(one, LevelFact)]
    return {one.location: one for one in sorted(facts, key=lambda one: one.location)}


def age(fact: LevelFact) -> tuple[int, bytes]:
    """Return what orders the tellings of one place by age, without ties."""
    return fact.updated_us, _canonical(fact)


def _height(fact: LevelFact) -> tuple[bool, int, int, bytes]:
    # A place where the thing is not kept has none of it.
    return fact.available is not None, fact.available or 0, fact.updated_us, _canonical(fact)
