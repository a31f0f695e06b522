"""Log records → tellings: open each body, read it, and set aside what cannot be read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct

from shopwright.core.errors import Damaged, Erased, Unreadable
from shopwright.core.ports import KeyStore, Stores
from shopwright.core.types.customer import CustomerFact, CustomerMerge
from shopwright.core.types.event import SealedEvent
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import DeadLetter, Document, Telling
from shopwright.core.types.log import LogRecord
from shopwright.core.types.product import ProductFact
from shopwright.events.shopify import read
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.sealing import aad, unseal

OWN_TOPICS = frozenset({"predictions/served"})
"""Topics of our own that say nothing about the shop."""

SubjectKeys = Mapping[StoreId, Mapping[Pseudonym, bytes]]


class Told(Struct, frozen=True, kw_only=True):
    """What a batch of records told, by document."""

    tellings: Mapping[Document, Sequence[Telling]]
    received_us: Mapping[Document, int]
    """When the newest record about the document reached us."""
    dead_letters: Sequence[DeadLetter]


class Unsealer:
    """Reads sealed records; raises nothing for a bad body, so that one never stops the rest."""

    def __init__(self, keys: KeyStore, stores: Stores) -> None:
        self._keys = keys
        self._store_keys = StoreKeys(keys)
        self._stores = stores

    def tell(self, records: Sequence[LogRecord], now_us: int) -> Told:
        """Return what the records tell; an erased person's tell nothing."""
        tellings: dict[Document, list[Telling]] = defaultdict(list)
        received: dict[Document, int] = defaultdict(int)
        dead: list[DeadLetter] = []
        subject_keys = self._open_keys(records)
        for record in records:
            event = record.event
            if event.topic in OWN_TOPICS:
                continue
            try:
                for telling in self._read(event, subject_keys):
                    document = document_of(event.store_id, telling)
                    tellings[document].append(telling)
                    received[document] = max(received[document], event.received_us)
            except Erased:
                continue
            except (Unreadable, Damaged) as error:
                dead.append(_dead_letter(record, str(error), now_us))
        return Told(tellings=tellings, received_us=received, dead_letters=dead)

    def _open_keys(self, records: Sequence[LogRecord]) -> SubjectKeys:
        wanted: dict[StoreId, set[Pseudonym]] = defaultdict(set)
        for record in records:
            if record.event.subject is not None:
                wanted[record.event.store_id].add(record.event.subject)
        return {
            store_id: self._keys.open_keys(store_id, sorted(subjects))
            for store_id, subjects in wanted.items()
        }

    def _read(self, event: SealedEvent, subject_keys: SubjectKeys) -> tuple[Telling, ...]:
        if event.subject is None:
            key = self._store_keys.body_key(event.store_id)
        elif (found := subject_keys[event.store_id].get(event.subject)) is not None:
            key = found
        else:
            raise Erased(f"{event.store_id}: the key of this event was destroyed")
        body = unseal(key, event.sealed, aad(event.store_id, event.topic, event.delivery_key))
        return read(
            event.topic,
            body,
            self._stores.get(event.store_id),
            self._store_keys.pseudonymiser(event.store_id),
            triggered_us=event.triggered_us,
            received_us=event.received_us,
        )


def document_of(store_id: StoreId, telling: Telling) -> Document:
    """Return the document in which a telling is kept."""
    if isinstance(telling, ProductFact):
        return Document(store_id, "product", telling.product_id.encode())
    if isinstance(telling, CustomerFact):
        return Document(store_id, "customer", telling.customer)
    if isinstance(telling, CustomerMerge):
        return merges_of(store_id)
    return Document(store_id, "order", telling.order)


def merges_of(store_id: StoreId) -> Document:
    """Return the one document that holds a store's customer merges."""
    return Document(store_id, "merges", b"")


def _dead_letter(record: LogRecord, reason: str, now_us: int) -> DeadLetter:
    return DeadLetter(
        partition=record.partition,
        offset=record.offset,
        store_id=record.event.store_id,
        topic=record.event.topic,
        reason=reason,
        failed_us=now_us,
    )
