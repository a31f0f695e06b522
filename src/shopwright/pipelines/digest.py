"""One SHA-256 that says whether two ledgers, two sets of features or two histories are the same.

Each digest walks its material once, in one canonical order, and keeps one entity in memory. What
does not belong to the content is left out: revisions, the packing of a record, the order in which
things were told, which SQLite pages they lie on. Numbers are hashed as msgpack, doubles by their
eight bytes, so equal digests mean equal bit for bit.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Protocol

import msgspec

from shopwright.core.ports import OfflineStore
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import Document, Telling
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.product import ProductVersion
from shopwright.features.record import evaluate
from shopwright.features.view import FeatureView

Entry = tuple[Document, bytes]
"""A document, and a digest of all that the ledger holds about it."""

_pack = msgspec.msgpack.Encoder().encode

US_PER_SLICE = 32 * 86_400 * 1_000_000
"""History is asked for by about a month: that much of one store is in memory at once."""


class LedgerContent(Protocol):
    """A ledger as it stands at one instant, each part in the order of its keys."""

    def documents(self) -> Iterator[tuple[Document, Sequence[Telling]]]:
        """Walk the documents by store, kind and key, with all that was told of each."""
        ...

    def order_versions(self) -> Iterator[OrderVersion]:
        """Walk the order versions by store, order and version."""
        ...

    def product_versions(self) -> Iterator[ProductVersion]:
        """Walk the product versions by store, product and version."""
        ...

    def packed_records(self, view: str) -> Iterator[PackedRecord]:
        """Walk a view's packed records by store and entity."""
        ...


def ledger_digest(content: LedgerContent) -> str:
    """Return the digest of a ledger's content: tellings and versions, as 64 hex digits.

    Raises Damaged when a row cannot be read.
    """
    total = hashlib.sha256(b"shopwright ledger 1")
    for part in (document_entries, order_entries, product_entries):
        for document, digest in part(content):
            total.update(_pack(document))
            total.update(digest)
    return total.hexdigest()


def document_entries(content: LedgerContent) -> Iterator[Entry]:
    """Walk the documents, each with the digest of its set of tellings."""
    for document, tellings in content.documents():
        if tellings:
            yield document, _hash(sorted(_pack(telling) for telling in tellings))


def order_entries(content: LedgerContent) -> Iterator[Entry]:
    """Walk the orders that have versions, each with the digest of its chain."""
    versions = content.order_versions()
    for (store_id, order), chain in groupby(versions, lambda v: (v.store_id, v.order)):
        yield Document(store_id, "order", order), _hash(_pack(version) for version in chain)


def product_entries(content: LedgerContent) -> Iterator[Entry]:
    """Walk the products that have versions, each with the digest of its chain."""
    versions = content.product_versions()
    for (store_id, product_id), chain in groupby(versions, lambda v: (v.store_id, v.product_id)):
        key = product_id.encode()
        yield Document(store_id, "product", key), _hash(_pack(version) for version in chain)


def features_digest(
    content: LedgerContent, view: FeatureView, as_of_us: int, units: Mapping[StoreId, int]
) -> str:
    """Return the digest of everybody's features as of one instant, from the packed records.

    ``units`` is the number of minor units in a major one for each store; one that is left out is
    skipped. The instant must lie at or after every record's floor: now will do.
    """
    total = hashlib.sha256(f"shopwright features 1 {view.label} {as_of_us}".encode())
    for record in content.packed_records(view.name):
        if record.store_id in units:
            values = evaluate(view, record.state, as_of_us, units[record.store_id])
            named = [values[name] for name in view.names]
            total.update(_pack((record.store_id, record.entity, named)))
    return total.hexdigest()


def history_digest(offline: OfflineStore, store_ids: Sequence[StoreId]) -> str:
    """Return the digest of what the feature SQL sees of these stores' history."""
    total = hashlib.sha256(b"shopwright history 1")
    for store_id in sorted(store_ids):
        for relation, instant, order in _BY_TIME:
            for row in _rows_by_time(offline, store_id, relation, instant, order):
                total.update(_pack((relation, row)))
        for relation, order in _WHOLE:
            for row in _rows(offline, store_id, f"SELECT * FROM {relation} ORDER BY {order}"):
                total.update(_pack((relation, row)))
    return total.hexdigest()


_BY_TIME = (
    ("orders", "occurred_us", "order_key, version"),
    ("lines", "occurred_us", "order_key, version, line_no"),
    ("levels", "known_us", "item, location, known_us"),
)
_WHOLE = (
    ("products", "product_id, version"),
    ("variants", "product_id, variant_id, version"),
)


def _rows_by_time(
    offline: OfflineStore, store_id: StoreId, relation: str, instant: str, order: str
) -> Iterator[list[object]]:
    # Slices begin at fixed instants: the digest must not depend on where the history begins.
    begin_us = f"{instant} - ({instant} % {US_PER_SLICE} + {US_PER_SLICE}) % {US_PER_SLICE}"
    slices = f"SELECT DISTINCT {begin_us} AS begin_us FROM {relation} ORDER BY begin_us"
    for begin in offline.query(slices, [store_id], None)["begin_us"].tolist():
        yield from _rows(
            offline,
            store_id,
            f"SELECT * FROM {relation} WHERE {instant} >= {begin} "
            f"AND {instant} < {begin + US_PER_SLICE} ORDER BY {order}",
        )


def _rows(offline: OfflineStore, store_id: StoreId, sql: str) -> Iterator[list[object]]:
    columns = offline.query(sql, [store_id], None)
    names = sorted(columns)
    # The list of a masked array has None where nothing is known.
    for row in zip(*(columns[name].tolist() for name in names), strict=True):
        yield [bytes(cell) if isinstance(cell, bytes | bytearray) else cell for cell in row]


def _hash(parts: Iterable[bytes]) -> bytes:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()
