"""The sockets: at most five methods each, one contract suite each (tests/contracts).

An adapter is anything that passes the suite of its port; ``adapters/memory_*.py`` fit them all and
ship for tests.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from shopwright.core.types.decision import Decision
from shopwright.core.types.event import SealedEvent
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import ModelVersion, Pseudonym, StoreId
from shopwright.core.types.ledger import Document, LedgerChanges, MonthPartition, Telling
from shopwright.core.types.log import Appended, LogRecord, Position
from shopwright.core.types.model import ModelManifest, StoredModel
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.product import ProductVersion
from shopwright.core.types.store import Store

Columns = Mapping[str, "np.ndarray[Any, Any]"]
"""A table by column; a column with nulls is a ``numpy.ma.MaskedArray``."""


class EventLog(Protocol):
    """Durable, ordered within a partition, free of duplicates."""

    def append(self, events: Sequence[SealedEvent]) -> Appended:
        """Store what is new; on return it is on disk. Raises OSError and stores nothing else."""
        ...

    def read(self, after: Position, limit: int) -> Sequence[LogRecord]:
        """Return at most ``limit`` records that lie after the position, each partition in order."""
        ...

    def end(self) -> Position:
        """Return the position of the newest record of every partition."""
        ...

    def commit(self, consumer: str, through: Position) -> None:
        """Remember how far a consumer has come, so that nothing it still needs is removed."""
        ...

    def forget(self, store_id: StoreId, subject: Pseudonym) -> int:
        """Remove every event sealed under the subject's key; say how many there were."""
        ...


class KeyStore(Protocol):
    """Keys of stores and of people; destroying one makes what it sealed unreadable for ever."""

    def store_key(self, store_id: StoreId) -> bytes:
        """Return the store's key, made on first use. Raises Erased when it was destroyed."""
        ...

    def seal_keys(
        self, store_id: StoreId, subjects: Mapping[Pseudonym, tuple[str, str]]
    ) -> Mapping[Pseudonym, bytes]:
        """Return the key of each subject, given its (kind, original id).

        A missing key is made, and is on disk before this returns. An erased subject is left out.
        """
        ...

    def open_keys(
        self, store_id: StoreId, subjects: Sequence[Pseudonym]
    ) -> Mapping[Pseudonym, bytes]:
        """Return the keys that still exist."""
        ...

    def reveal(self, store_id: StoreId, subjects: Sequence[Pseudonym]) -> Mapping[Pseudonym, str]:
        """Return the original ids of the subjects whose keys still exist."""
        ...

    def forget(self, store_id: StoreId, subject: Pseudonym) -> bool:
        """Destroy a subject's key and leave a tombstone; say whether there was a key."""
        ...


class Secrets(Protocol):
    """The webhook secrets of each store: several during a rotation."""

    def add(self, store_id: StoreId, secret: bytes) -> None:
        """Add a secret; adding it again changes nothing."""
        ...

    def of(self, store_id: StoreId) -> Sequence[bytes]:
        """Return the store's secrets, newest first; none for a store that is not known."""
        ...

    def remove(self, store_id: StoreId, fingerprint: str) -> bool:
        """Remove the secret whose SHA-256 begins with the fingerprint; say whether it was there."""
        ...


class Stores(Protocol):
    """The stores that were added."""

    def put(self, store: Store) -> None:
        """Add a store. Raises BadInput when it is there with another currency."""
        ...

    def get(self, store_id: StoreId) -> Store:
        """Return a store. Raises UnknownStore."""
        ...

    def all(self) -> Sequence[Store]:
        """Return every store, by domain."""
        ...


class Ledger(Protocol):
    """Every version of every entity, and the packed records of what is known now."""

    def through(self) -> Position:
        """Return the log position that the last commit reached."""
        ...

    def tellings(self, documents: Sequence[Document]) -> Mapping[Document, Sequence[Telling]]:
        """Return what was told of each document; one never told of is left out."""
        ...

    def orders_of(
        self, store_id: StoreId, customers: Sequence[Pseudonym]
    ) -> Mapping[Pseudonym, Sequence[OrderVersion]]:
        """Return, for each customer, the versions that name that customer, by order and version.

        A version of one of the customer's orders that names somebody else is left out.
        """
        ...

    def commit(self, changes: LedgerChanges) -> int:
        """Apply the changes in one durable transaction; return its revision (1, 2, …)."""
        ...

    def forget(self, store_id: StoreId, customer: Pseudonym) -> int:
        """Remove a customer's rows everywhere; say how many orders lost their customer."""
        ...


class LedgerFeed(Protocol):
    """The ledger as its copies see it: what changed since a revision."""

    def revision(self) -> int:
        """Return the revision of the last commit; 0 before the first."""
        ...

    def records(self, view: str, after: int, limit: int) -> Sequence[PackedRecord]:
        """Return packed records with revision > after, by revision; never splits a revision.

        More than ``limit`` come back when one revision holds more.
        """
        ...

    def changed_months(self, after: int) -> Sequence[MonthPartition]:
        """Return the partitions in which an order changed after the revision."""
        ...

    def month_orders(self, partition: MonthPartition) -> Sequence[OrderVersion]:
        """Return every order version of a partition, by order and version."""
        ...

    def products(self, store_id: StoreId) -> Sequence[ProductVersion]:
        """Return every product version of a store, by product and version."""
        ...


class OnlineStore(Protocol):
    """A read copy of the packed records: fast, and rebuildable from the ledger."""

    def put(self, records: Sequence[PackedRecord], through: int) -> None:
        """Store records in one transaction; an older revision never replaces a newer one."""
        ...

    def read(
        self, store_id: StoreId, view: str, entities: Sequence[Pseudonym]
    ) -> Mapping[Pseudonym, PackedRecord]:
        """Return the records that exist."""
        ...

    def through(self) -> int:
        """Return the ledger revision that this copy has reached; 0 when it is empty."""
        ...

    def page(
        self, store_id: StoreId, view: str, after: Pseudonym | None, limit: int
    ) -> Sequence[PackedRecord]:
        """Return records of a store in the order of their pseudonyms."""
        ...

    def forget(self, store_id: StoreId, entity: Pseudonym) -> None:
        """Remove the entity from every view."""
        ...


class OfflineStore(Protocol):
    """History as Parquet, read by the portable SQL of the feature views."""

    def write(
        self,
        months: Mapping[MonthPartition, Sequence[OrderVersion]],
        products: Mapping[StoreId, Sequence[ProductVersion]],
        through: int,
    ) -> None:
        """Replace these partitions, all of them or none, and remember the ledger's revision."""
        ...

    def through(self) -> int:
        """Return the ledger revision that this copy has reached; 0 when it is empty."""
        ...

    def query(self, sql: str, store_ids: Sequence[StoreId], spine: Columns | None) -> Columns:
        """Run portable SQL over the relations ``orders``, ``lines``, ``products`` and ``spine``."""
        ...

    def forget(self, store_id: StoreId, customer: Pseudonym) -> int:
        """Rewrite every partition that names the customer; say how many there were."""
        ...


class ModelRegistry(Protocol):
    """Models by content; the aliases follow the decision log."""

    def publish(self, manifest: ModelManifest, files: Mapping[str, bytes]) -> ModelVersion:
        """Store a model; the same content always has the same version."""
        ...

    def fetch(self, version: ModelVersion) -> StoredModel:
        """Return a model whose files match its manifest. Raises NotReady, Damaged."""
        ...

    def point(self, store_id: StoreId, task: str, alias: str, version: ModelVersion | None) -> None:
        """Let an alias name a version, or nothing."""
        ...

    def pointed(self, store_id: StoreId, task: str, alias: str) -> ModelVersion | None:
        """Return the version that an alias names."""
        ...

    def versions(self, store_id: StoreId, task: str) -> Sequence[ModelVersion]:
        """Return every version of a store and task, oldest first."""
        ...


class Decisions(Protocol):
    """The decision log: append-only, the authority on which model serves."""

    def record(self, decision: Decision) -> int:
        """Append a decision durably; return its number (1, 2, …)."""
        ...

    def of(self, store_id: StoreId | None, task: str | None) -> Sequence[Decision]:
        """Return decisions in the order in which they were taken; None means all."""
        ...


class Outbox(Protocol):
    """Work for an outside system that may be away: kept until it is acknowledged."""

    def add(self, kind: str, key: str, body: bytes) -> None:
        """Queue an item; adding the same kind and key again replaces its body."""
        ...

    def pending(self, kind: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return waiting (key, body) pairs, oldest first."""
        ...

    def done(self, kind: str, key: str) -> None:
        """Acknowledge an item."""
        ...
