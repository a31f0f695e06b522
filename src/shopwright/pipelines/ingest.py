"""Webhook → Event → log: a delivery is believed, sealed and on disk before it is answered.

Two steps, because they run in two places: ``receive`` is cheap and runs where the request is read;
``accept`` writes to disk and runs in one thread, for as many events at once as are waiting.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from msgspec.structs import replace

from shopwright.core.clock import Clock
from shopwright.core.errors import Erased
from shopwright.core.ports import EventLog, KeyStore
from shopwright.core.types.event import Delivery, Event, SealedEvent, Subject
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.log import Appended
from shopwright.events import privacy
from shopwright.events.reading import Pseudonymise
from shopwright.events.subject import MERGE, also_about, subject_of
from shopwright.events.webhook import Envelope, Rejection, content_key, delivery_key, verify
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.sealing import NONCE_BYTES, aad, seal

SecretsOf = Callable[[str], Sequence[bytes]]


class Intake:
    """What stands between an HTTP request, or an imported file, and the log."""

    def __init__(
        self, log: EventLog, keys: KeyStore, clock: Clock, nonces: Callable[[int], bytes]
    ) -> None:
        self._log = log
        self._keys = keys
        self._store_keys = StoreKeys(keys)
        self._clock = clock
        self._nonces = nonces

    def receive(self, delivery: Delivery, secrets_of: SecretsOf) -> Event | Rejection:
        """Return the verified event, or why it is refused; nothing is stored yet."""
        verdict = verify(delivery, secrets_of)
        if isinstance(verdict, Rejection):
            return verdict
        try:
            subject = self._subject(verdict, delivery.body)
        except Erased:
            return Rejection(status=401, reason="this store was erased here")
        return Event(
            store_id=verdict.store_id,
            topic=verdict.topic,
            delivery_id=verdict.delivery_id,
            event_id=verdict.event_id,
            triggered_us=verdict.triggered_us,
            received_us=delivery.received_us,
            api_version=verdict.api_version,
            subject=subject,
            body=delivery.body,
        )

    def _subject(self, envelope: Envelope, body: bytes) -> Subject | None:
        pseudonymise = self._store_keys.pseudonymiser(envelope.store_id)
        if envelope.topic in privacy.ABOUT_PEOPLE:
            # A request is obeyed even when the keys of those it names were destroyed before; its
            # own key is destroyed when it is done.
            request_id = delivery_key(envelope.store_id, envelope.delivery_id).hex()
            return Subject(
                kind=privacy.REQUEST,
                pseudonym=pseudonymise(privacy.REQUEST, request_id),
                original_id=request_id,
            )
        return subject_of(envelope.topic, body, pseudonymise)

    def accept(self, events: Sequence[Event]) -> Appended:
        """Seal the events and append them; on return every one of them is on disk, once.

        New keys reach the disk before the rows that need them: a crash in between leaves a key
        that seals nothing, never a row that nobody can open. An event about an erased person, or
        of an erased store, is counted with the duplicates: it is answered and never stored.
        Erasures in other processes count from here on, for bodies about nobody as well.
        """
        alive = self._as_known_now(events)
        subject_keys = self._subject_keys(alive)
        sealed: list[SealedEvent] = []
        for event in alive:
            key = self._key_of(event, subject_keys)
            if key is not None:
                sealed.append(seal_event(event, key, self._nonces(NONCE_BYTES)))
        appended = self._log.append(sealed)
        erased = len(events) - len(sealed)
        return Appended(new=appended.new, duplicates=appended.duplicates + erased)

    def _as_known_now(self, events: Sequence[Event]) -> list[Event]:
        """Leave out the events of erased stores; name the subjects of the others as of now.

        Between ``receive`` and here a store may have been erased and have come back: what was named
        under its old key would not be found by an erasure under the new one.
        """
        stores = {event.store_id for event in events}
        self._store_keys.notice(stores)
        pseudonymisers: dict[StoreId, Pseudonymise] = {}
        for store_id in stores:
            with suppress(Erased):
                pseudonymisers[store_id] = self._store_keys.pseudonymiser(store_id)
        return [
            _named(event, pseudonymisers[event.store_id])
            for event in events
            if event.store_id in pseudonymisers
        ]

    def _subject_keys(self, events: Sequence[Event]) -> Mapping[StoreId, Mapping[Pseudonym, bytes]]:
        wanted: dict[StoreId, dict[Pseudonym, tuple[str, str]]] = defaultdict(dict)
        for event in events:
            if event.subject is not None:
                wanted[event.store_id][event.subject.pseudonym] = (
                    event.subject.kind,
                    event.subject.original_id,
                )
        return {
            store_id: self._keys.seal_keys(store_id, subjects)
            for store_id, subjects in wanted.items()
        }

    def _key_of(
        self, event: Event, subject_keys: Mapping[StoreId, Mapping[Pseudonym, bytes]]
    ) -> bytes | None:
        if event.subject is None:
            return self._store_keys.body_key(event.store_id)
        key = subject_keys[event.store_id].get(event.subject.pseudonym)
        return None if key is None or self._names_erased(event) else key

    def _names_erased(self, event: Event) -> bool:
        """Say whether a merge also names somebody who was erased."""
        if event.topic != MERGE:
            return False
        pseudonymise = self._store_keys.pseudonymiser(event.store_id)
        other = also_about(event.topic, event.body, pseudonymise)
        if other is None:
            return False
        asked = {other.pseudonym: (other.kind, other.original_id)}
        return not self._keys.seal_keys(event.store_id, asked)


def _named(event: Event, pseudonymise: Pseudonymise) -> Event:
    if event.subject is None:
        return event
    now = pseudonymise(event.subject.kind, event.subject.original_id)
    if now == event.subject.pseudonym:
        return event
    return replace(event, subject=replace(event.subject, pseudonym=now))


def seal_event(event: Event, key: bytes, nonce: bytes) -> SealedEvent:
    """Return the event as the log keeps it: the body sealed, bound to its store and delivery."""
    identity = delivery_key(event.store_id, event.delivery_id)
    return SealedEvent(
        store_id=event.store_id,
        topic=event.topic,
        delivery_id=event.delivery_id,
        triggered_us=event.triggered_us,
        received_us=event.received_us,
        api_version=event.api_version,
        subject_kind=event.subject.kind if event.subject else None,
        subject=event.subject.pseudonym if event.subject else None,
        delivery_key=identity,
        content_key=content_key(event.store_id, event.topic, event.event_id, event.body),
        sealed=seal(key, event.body, aad(event.store_id, event.topic, identity), nonce),
    )
