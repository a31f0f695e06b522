"""The sockets: at most five methods each, one contract suite each (tests/contracts).

An adapter is anything that passes the suite of its port; ``adapters/memory_*.py`` fit them all and
ship for tests.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from shopwright.core.types.access import ApiKey, Session, User
from shopwright.core.types.audit import AuditEntry
from shopwright.core.types.decision import Decision
from shopwright.core.types.event import SealedEvent
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import ModelVersion, Pseudonym, StoreId
from shopwright.core.types.ledger import Document, LedgerChanges, MonthPartition, Telling
from shopwright.core.types.log import Appended, LogRecord, Position
from shopwright.core.types.model import ModelManifest, StoredModel
from shopwright.core.types.order import OrderVersion
from shopwright.core.types.privacy import PrivacyRequest, SignedReceipt
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

    def forget(self, store_id: StoreId, subject: Pseudonym | None) -> int:
        """Remove every event sealed under the subject's key; say how many there were.

        None removes every event of the store.
        """
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

    def forget(self, store_id: StoreId, subject: Pseudonym | None) -> bool:
        """Destroy a subject's key and leave a tombstone; say whether there was a key.

        None destroys the store's own key and those of everybody in it.
        """
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

    def forget(self, store_id: StoreId) -> int:
        """Remove every secret of a store; say how many there were."""
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

    def forget(self, store_id: StoreId) -> bool:
        """Remove a store from the list; say whether it was there."""
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

    def forget(self, store_id: StoreId, customer: Pseudonym | None) -> int:
        """Remove a customer's rows everywhere; say how many orders lost their customer.

        Dead letters of the subject go too. None removes everything of the store.
        """
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

    def forget(self, store_id: StoreId, entity: Pseudonym | None) -> None:
        """Remove the entity from every view, its old bytes included; None: the whole store."""
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

    def forget(self, store_id: StoreId, customer: Pseudonym | None) -> int:
        """Rewrite every partition that names the customer; say how many there were.

        None removes every partition of the store.
        """
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


class ModelRemoval(Protocol):
    """Takes models away for good, because they learned from somebody who was erased."""

    def remove(self, version: ModelVersion) -> bool:
        """Remove a version and every alias that names it; say whether it was there."""
        ...


class PrivacyRequests(Protocol):
    """What was asked about people's data, how far it is done, and the proof."""

    def ask(self, request: PrivacyRequest) -> bool:
        """Record a request durably; False, and no change, when its id is known already."""
        ...

    def open(self) -> Sequence[tuple[PrivacyRequest, bytes]]:
        """Return the requests that are not closed, oldest first, each with its progress."""
        ...

    def advance(self, request_id: str, progress: bytes) -> None:
        """Remember how far a request has come; ``progress`` is read by the erasure alone."""
        ...

    def close(self, request_id: str, receipt: SignedReceipt | None) -> None:
        """Keep the receipt, and drop what the request said of anybody."""
        ...

    def receipts(self, store_id: StoreId | None) -> Sequence[SignedReceipt]:
        """Return the receipts in the order in which they were given; None means every store."""
        ...


class Errands(Protocol):
    """What an operator asked the running worker to do: kept until it is answered."""

    def ask(self, kind: str, body: bytes, asked_us: int) -> int:
        """Queue an errand durably; return its number (1, 2, …)."""
        ...

    def open(self, kind: str) -> Sequence[tuple[int, bytes]]:
        """Return (number, body) of the errands of a kind that wait, oldest first."""
        ...

    def answer(self, number: int, answer: bytes) -> None:
        """Say what became of an errand; it no longer waits."""
        ...

    def answered(self, number: int) -> bytes | None:
        """Return the answer; None while there is none."""
        ...


class Chore(Protocol):
    """Work beside the stream of events, done in small steps by the process that owns the ledger."""

    def step(self) -> bool:
        """Do the next small piece; say whether there was one."""
        ...


class Decisions(Protocol):
    """The decision log: append-only, the authority on which model serves."""

    def record(self, decision: Decision) -> int:
        """Append a decision durably; return its number (1, 2, …)."""
        ...

    def of(self, store_id: StoreId | None, task: str | None) -> Sequence[Decision]:
        """Return decisions in the order in which they were taken; None means all."""
        ...


class Audit(Protocol):
    """The audit trail: append-only, one line for each thing that somebody will ask about."""

    def record(
        self, at_us: int, who: str, did: str, store_id: StoreId | None = None, about: str = ""
    ) -> int:
        """Append a line durably; return its number (1, 2, …)."""
        ...

    def of(self, limit: int) -> Sequence[AuditEntry]:
        """Return the newest lines, newest first."""
        ...


class Users(Protocol):
    """The people who may sign in, by name."""

    def add(self, user: User) -> bool:
        """Add a user durably; False, and no change, when the name is taken."""
        ...

    def get(self, name: str) -> User | None:
        """Return a user; None for a name that nobody has."""
        ...

    def all(self) -> Sequence[User]:
        """Return every user, by name."""
        ...

    def change(self, user: User) -> bool:
        """Replace all that is known of a user; False when the name is not there."""
        ...

    def remove(self, name: str) -> bool:
        """Remove a user; say whether the name was there."""
        ...


class Sessions(Protocol):
    """Who is signed in; known by the hash of what the browser holds."""

    def open(self, session: Session, *, made_after_us: int, seen_after_us: int) -> None:
        """Keep a session durably, and drop those that were made or last seen before these."""
        ...

    def find(self, token_hash: bytes) -> Session | None:
        """Return a session, however old; None for one that was never opened or has ended."""
        ...

    def seen(self, token_hash: bytes, at_us: int) -> None:
        """Remember that a session was used."""
        ...

    def end(self, token_hash: bytes) -> bool:
        """End a session; say whether it was there."""
        ...

    def end_all(self, user: str) -> int:
        """End every session of a user; say how many there were."""
        ...


class ApiKeys(Protocol):
    """Keys of programs; what was revoked stays in the list."""

    def add(self, key: ApiKey) -> bool:
        """Add a key durably; False, and no change, when the id is taken."""
        ...

    def get(self, key_id: str) -> ApiKey | None:
        """Return a key, revoked ones too."""
        ...

    def all(self) -> Sequence[ApiKey]:
        """Return every key, oldest first."""
        ...

    def revoke(self, key_id: str, at_us: int) -> bool:
        """Make a key worthless for good; False when it is not there or was revoked before."""
        ...


class Attempts(Protocol):
    """How often a name or an address failed to sign in, shared by all web processes."""

    def begin(self, free: Mapping[bytes, int], now_us: int) -> int:
        """Count one attempt against every key, or return the microseconds to wait before the next.

        Each key may fail ``free`` times before waits begin. An attempt that must wait is not
        counted. Counting comes before the password is looked at, so many attempts at once are as
        slow as one after the other.
        """
        ...

    def left(self, keys: Collection[bytes], now_us: int) -> int:
        """Return the microseconds until the next attempt of all these keys; 0 for at once."""
        ...

    def forgive(self, key: bytes, *, times: int | None) -> bool:
        """Take back so many attempts of a key, or all; say whether there were any."""
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
