"""Takes a store's history in through bulk operations, so that all of it can be proven to be there.

Each slice is counted three times: Shopify's own count, the rows of the file, and what the ledger
holds afterwards. A slice that does not add up is read again, and when it still does not, training
waits for that store and says why.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from shopwright.admin import documents
from shopwright.admin.slicing import kinds
from shopwright.core.clock import Clock
from shopwright.core.ports import KeyStore
from shopwright.core.types.connection import Slice
from shopwright.core.types.event import Event
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document
from shopwright.core.types.log import Appended
from shopwright.events import admin_customer, admin_level, admin_order, admin_product, stock
from shopwright.events.reading import Pseudonymise, plain_id
from shopwright.events.subject import subject_of
from shopwright.pipelines.bulk_file import BulkFile, Root
from shopwright.pipelines.bulk_runs import BulkRuns, Job, Progress, Watch
from shopwright.pipelines.store_keys import StoreKeys

CHUNK_EVENTS = 500

TOPICS = {
    "orders": (admin_order.TOPIC, "order"),
    "products": (admin_product.TOPIC, "product"),
    "customers": (admin_customer.TOPIC, "customer"),
    documents.STOCK: (admin_level.TOPIC, stock.NOW),
}
"""Kind to our topic and to the kind of ledger document."""
PLAIN = ("product", stock.NOW)
"""Kinds of documents whose key is Shopify's own id: they are about nobody."""

Accept = Callable[[Sequence[Event]], Appended]


class Taken(Struct, frozen=True, kw_only=True):
    """One slice that was read: which documents it told of, and whose they are."""

    slice: Slice
    documents: tuple[Document, ...] = ()
    subjects: tuple[Pseudonym | None, ...] = ()
    """Under whose key each was sealed; None for what is about nobody."""
    listed: frozenset[str] = frozenset()
    """Ids of all roots of a kind that Shopify does not count: compared in another way."""
    new: int = 0
    """Events that the log did not hold before."""


class Backfill:
    """Takes slices of stores in; every step is noted and can be taken up again."""

    def __init__(self, runs: BulkRuns, accept: Accept, keys: KeyStore, clock: Clock) -> None:
        """``accept`` is ``Intake.accept``: on return every event is on disk, once."""
        self._runs = runs
        self.accept = accept
        self._store_keys = StoreKeys(keys)
        self._clock = clock

    def count(self, store_id: StoreId, kind: str, search: str) -> int | None:
        """Return Shopify's own count, None when it does not say exactly. Raises ShopTrouble."""
        return self._runs.count(store_id, kind, search)

    def newest(self, store_id: StoreId, scopes: Collection[str]) -> dict[str, int]:
        """Return the newest id of each kind that is sliced by ids. Raises ShopTrouble."""
        sliced = [kind for kind in kinds(scopes) if kind != "orders"]
        return {kind: self._runs.newest(store_id, kind) for kind in sliced}

    def run(
        self,
        planned: Sequence[Slice],
        *,
        only: Collection[str] | None = None,
        watch: Watch = lambda _: None,
    ) -> list[Taken]:
        """Run slices of one store to their end; return what each told.

        ``only`` are the plain ids to tell of; without it everything is told, and counted. A slice
        that cannot be read whole comes back as ``mismatch``. Raises ShopTrouble when Shopify cannot
        be asked: calling again goes on where it was.
        """

        def read(one: Slice, file: BulkFile, count: int | None) -> Taken:
            return self._tell(one, file, count, only, watch)

        job = Job(
            query=documents.bulk_query,
            read=read,
            given_up=lambda one: Taken(slice=one),
            counted=only is None,
            noted=only is None,
        )
        return self._runs.run(planned, job, watch)

    def _tell(
        self,
        one: Slice,
        file: BulkFile,
        shopify_count: int | None,
        only: Collection[str] | None,
        watch: Watch,
    ) -> Taken:
        """Let the log have every node; what it had already adds nothing."""
        taken = _tell(one, file, self.accept, self._store_keys, self._clock, only, watch)
        documents_of = taken.documents
        told = replace(
            one,
            state="told",
            read_count=len(documents_of),
            read_checksum=checksum(documents_of),
            shopify_count=shopify_count,
            why="",
        )
        return replace(taken, slice=told if only is not None else self._runs.note(told))


def tell_file(
    file: BulkFile,
    store_id: StoreId,
    kind: str,
    accept: Accept,
    keys: KeyStore,
    clock: Clock,
    watch: Watch,
) -> Taken:
    """Take in a bulk operation's file that lies here already; nobody counts for it.

    Raises Unreadable for a file that names a parent that is not in it.
    """
    one = Slice(store_id=store_id, name=f"import/{kind}", kind=kind, search="")
    return _tell(one, file, accept, StoreKeys(keys), clock, None, watch)


def _tell(
    one: Slice,
    file: BulkFile,
    accept: Accept,
    store_keys: StoreKeys,
    clock: Clock,
    only: Collection[str] | None,
    watch: Watch,
) -> Taken:
    pseudonymise = store_keys.pseudonymiser(one.store_id)
    documents_of: list[Document] = []
    subjects: list[Pseudonym | None] = []
    listed: set[str] = set()
    new = 0
    roots = (root for root in file.nodes() if only is None or _number(root) in only)
    for chunk in _chunks(roots):
        events = [
            told_event(
                one.store_id, one.kind, _number(root), root.body, pseudonymise, clock.now_us()
            )
            for root in chunk
        ]
        if one.kind == documents.STOCK:
            listed.update(map(_number, chunk))
        for root, event in zip(chunk, events, strict=True):
            if _tells(one, root):
                documents_of.append(_document(one, root, pseudonymise))
                subjects.append(event.subject.pseudonym if event.subject else None)
        new += accept(events).new
        total = file.roots if only is None else None
        watch(Progress(f"taking in {one.kind}", len(documents_of), total))
    return Taken(
        slice=one,
        documents=tuple(documents_of),
        subjects=tuple(subjects),
        listed=frozenset(listed),
        new=new,
    )


def checksum(found: Sequence[Document]) -> str:
    """Return a sum over the keys of documents, the same in whatever order they come."""
    total = sum(int.from_bytes(hashlib.blake2b(one.key, digest_size=8).digest()) for one in found)
    return f"{total % (1 << 64):016x}"


def _number(root: Root) -> str:
    return plain_id(root.id, "id")


def _document(one: Slice, root: Root, pseudonymise: Pseudonymise) -> Document:
    kind = TOPICS[one.kind][1]
    number = _number(root)
    key = number.encode() if kind in PLAIN else pseudonymise(kind, number)
    return Document(one.store_id, kind, key)


def _tells(one: Slice, root: Root) -> bool:
    """Say whether the ledger will hold something of it: an item that lies nowhere tells nothing."""
    return one.kind != documents.STOCK or b'"inventoryLevels":[]' not in root.body


def told_event(
    store_id: StoreId,
    kind: str,
    number: str,
    body: bytes,
    pseudonymise: Pseudonymise,
    now_us: int,
) -> Event:
    """Return what a node tells as an event: its id is a keyed digest of what is told.

    It is what the shop said at this instant, so of two tellings of one state the later counts.
    """
    topic, entity = TOPICS[kind]
    who = pseudonymise(entity, number).hex()
    digest = pseudonymise("admin", hashlib.sha256(body).hexdigest()).hex()
    return Event(
        store_id=store_id,
        topic=topic,
        delivery_id=f"{topic}:{who}:{digest}",
        event_id=None,
        triggered_us=now_us,
        received_us=now_us,
        api_version=None,
        subject=subject_of(topic, body, pseudonymise),
        body=body,
    )


def _chunks(roots: Iterator[Root]) -> Iterator[list[Root]]:
    while chunk := list(islice(roots, CHUNK_EVENTS)):
        yield chunk
