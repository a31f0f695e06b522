"""Log records → tellings: open each body, read it, and set aside what cannot be read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from msgspec import Struct

from shopwright.core.errors import Damaged, Erased, UnknownStore, Unreadable
from shopwright.core.ports import KeyStore, Stores
from shopwright.core.types.customer import ContactFact, CustomerFact, CustomerMerge
from shopwright.core.types.event import SealedEvent
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import DeadLetter, Document, Telling
from shopwright.core.types.log import LogRecord
from shopwright.core.types.privacy import PrivacyRequest
from shopwright.core.types.product import ProductFact
from shopwright.core.types.stock import LevelFact
from shopwright.events import erased, privacy, stock
from shopwright.events.contacts import read_contacts
from shopwright.events.reading import Pseudonymise
from shopwright.events.shopify import read
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.sealing import aad, unseal

OWN_TOPICS = frozenset({"predictions/served", erased.MARK_TOPIC})
"""Topics of our own that say nothing about the shop."""


class Told(Struct, frozen=True, kw_only=True):
    """What a batch of records told, by document."""

    tellings: Mapping[Document, Sequence[Telling]]
    received_us: Mapping[Document, int]
    """When the newest record about the document reached us."""
    dead_letters: Sequence[DeadLetter]
    requests: Sequence[PrivacyRequest] = ()
    """What is asked about people's data; to be kept durably before the log position moves."""


class _StoreKeys(NamedTuple):
    """What one batch needs to read a store's bodies."""

    body: bytes
    subjects: Mapping[Pseudonym, bytes]
    pseudonymise: Pseudonymise


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
        requests: list[PrivacyRequest] = []
        keys = self._open_keys(records)
        for record in records:
            event = record.event
            if event.topic in OWN_TOPICS:
                continue
            try:
                body = _open(event, keys)
                pseudonymise = keys[event.store_id].pseudonymise
                # A body that cannot become a fact may still say whose it is.
                for contact in read_contacts(event.topic, body, pseudonymise):
                    for document in documents_of(event.store_id, contact):
                        tellings[document].append(contact)
                if event.topic in privacy.TOPICS:
                    requests.append(self._request(event, body, pseudonymise))
                    continue
                for telling in self._read(event, body, pseudonymise):
                    for document in documents_of(event.store_id, telling):
                        tellings[document].append(telling)
                        received[document] = max(received[document], event.received_us)
            except (Erased, UnknownStore):
                continue  # a store that is not known any more was erased while this was on its way
            except (Unreadable, Damaged) as error:
                dead.append(_dead_letter(record, str(error), now_us))
        return Told(tellings=tellings, received_us=received, dead_letters=dead, requests=requests)

    def open(self, record: LogRecord) -> bytes:
        """Return the raw body of a record. Raises Erased when its key was destroyed, Damaged."""
        return _open(record.event, self._open_keys([record]))

    def _open_keys(self, records: Sequence[LogRecord]) -> Mapping[StoreId, _StoreKeys]:
        """Open every key of a batch at once; an erased store is left out."""
        wanted: dict[StoreId, set[Pseudonym]] = defaultdict(set)
        for record in records:
            # Asked for nobody too: so the key store notices that a store was erased elsewhere.
            subjects = wanted[record.event.store_id]
            if record.event.subject is not None:
                subjects.add(record.event.subject)
        found: dict[StoreId, _StoreKeys] = {}
        for store_id, subjects in wanted.items():
            opened = self._keys.open_keys(store_id, sorted(subjects))
            with suppress(Erased):
                found[store_id] = _StoreKeys(
                    body=self._store_keys.body_key(store_id),
                    subjects=opened,
                    pseudonymise=self._store_keys.pseudonymiser(store_id),
                )
        return found

    def _request(
        self, event: SealedEvent, body: bytes, pseudonymise: Pseudonymise
    ) -> PrivacyRequest:
        return privacy.read_request(
            event.topic,
            body,
            self._stores.get(event.store_id),
            pseudonymise,
            request_id=event.delivery_key.hex(),
            received_us=event.received_us,
        )

    def _read(
        self, event: SealedEvent, body: bytes, pseudonymise: Pseudonymise
    ) -> tuple[Telling, ...]:
        if event.topic == erased.TOPIC:
            return erased.decode(body)
        named: dict[Pseudonym, tuple[str, str]] = {}

        def noticed(kind: str, original_id: str) -> Pseudonym:
            who = pseudonymise(kind, original_id)
            named[who] = (kind, original_id)
            return who

        told = read(
            event.topic,
            body,
            self._stores.get(event.store_id),
            noticed,
            triggered_us=event.triggered_us,
            received_us=event.received_us,
        )
        if any(isinstance(telling, CustomerMerge) for telling in told):
            # It is sealed under the key of one of the two, so the other may have been erased.
            alive = self._keys.seal_keys(event.store_id, named)
            return told if len(alive) == len(named) else ()
        return told


def _open(event: SealedEvent, keys: Mapping[StoreId, _StoreKeys]) -> bytes:
    of_store = keys.get(event.store_id)
    if of_store is None:
        raise Erased(f"{event.store_id}: the key of this store was destroyed")
    key = of_store.body if event.subject is None else of_store.subjects.get(event.subject)
    if key is None:
        raise Erased(f"{event.store_id}: the key of this event was destroyed")
    return unseal(key, event.sealed, aad(event.store_id, event.topic, event.delivery_key))


def reached(store_id: StoreId, subject: Pseudonym) -> Document:
    """Return the document that says under which addresses somebody is known."""
    return Document(store_id, "reached", subject)


def documents_of(store_id: StoreId, telling: Telling) -> tuple[Document, ...]:
    """Return the documents in which a telling is kept.

    Two for a contact, which is found by the address and by whose it is; two for a level of stock.
    """
    if isinstance(telling, ContactFact):
        found = Document(store_id, "contact", telling.contact)
        return found, reached(store_id, telling.subject)
    if isinstance(telling, LevelFact):
        return stock.documents_of(store_id, telling)
    if isinstance(telling, ProductFact):
        return (Document(store_id, "product", telling.product_id.encode()),)
    if isinstance(telling, CustomerFact):
        return (Document(store_id, "customer", telling.customer),)
    if isinstance(telling, CustomerMerge):
        return (merges_of(store_id),)
    return (Document(store_id, "order", telling.order),)


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
        subject=record.event.subject,
    )
