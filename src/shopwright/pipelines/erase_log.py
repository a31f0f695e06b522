"""The log in an erasure: what stays of a sale is written first, then the keys go, then the rows."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from msgspec.structs import replace

from shopwright.core.types.event import Event
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document, Telling
from shopwright.core.types.privacy import PrivacyRequest
from shopwright.events import erased
from shopwright.pipelines.erase_copies import Copies
from shopwright.pipelines.erase_progress import Progress
from shopwright.pipelines.erase_restored import RESTORED
from shopwright.pipelines.ingest import seal_event
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.erasure import without_customer
from shopwright.privacy.sealing import NONCE_BYTES
from shopwright.privacy.tombstones import tombstones


def keep_sales(
    copies: Copies,
    request: PrivacyRequest,
    progress: Progress,
    orders: Sequence[Pseudonym],
    now_us: int,
) -> None:
    """Append what may still be told of these orders; the same content is appended once."""
    store_id = request.store_id
    told = copies.ledger.tellings([Document(store_id, "order", order) for order in orders])
    bodies = {
        Pseudonym(document.key): erased.encode(Pseudonym(document.key), left)
        for document, tellings in told.items()
        if (left := erased.residue(_anonymous(tellings, progress.customers)))
    }
    _append(
        copies,
        store_id,
        erased.TOPIC,
        # The content is part of the name: what was told between a crash and the second try
        # must not be taken for a repetition.
        {
            f"{order.hex()}-{blake2b(body, digest_size=16).hexdigest()}": body
            for order, body in bodies.items()
        },
        now_us,
    )


def _anonymous(tellings: Sequence[Telling], customers: Iterable[Pseudonym]) -> Sequence[Telling]:
    for customer in customers:
        tellings = without_customer(tellings, customer)
    return tellings


def set_mark(copies: Copies, request: PrivacyRequest, now_us: int) -> int:
    """Append a mark to the partition of erasures; return the offset from which all is clean."""
    name = f"mark-{request.request_id}"
    _append(copies, request.store_id, erased.MARK_TOPIC, {name: b""}, now_us)
    return copies.log.end().get(erased.PARTITION, 0)


def note_keys(
    copies: Copies, request: PrivacyRequest, progress: Progress, subjects: Sequence[Pseudonym]
) -> Progress:
    """Return the progress with the subjects that have a key, and with everybody's tombstone.

    To be on disk before the first key goes: afterwards nobody can tell.
    """
    store_id = request.store_id
    # What an old copy brought back lost its keys when the file was opened; the rows are all there.
    restored = request.origin == RESTORED
    had = subjects if restored else copies.keys.open_keys(store_id, subjects)
    stones = tombstones(copies.keys.store_key(store_id), subjects)
    return replace(
        progress,
        sealed=tuple(dict.fromkeys((*progress.sealed, *sorted(had)))),
        tombstones=tuple(
            dict.fromkeys((*progress.tombstones, *(stones[who].hex() for who in subjects)))
        ),
    )


def forget_keys(
    copies: Copies, request: PrivacyRequest, progress: Progress, subjects: Sequence[Pseudonym]
) -> Progress:
    """Destroy the keys now; a key made since they were counted is added to them."""
    late = [who for who in subjects if copies.keys.forget(request.store_id, who)]
    return replace(progress, sealed=tuple(dict.fromkeys((*progress.sealed, *late))))


def _append(
    copies: Copies, store_id: StoreId, topic: str, bodies: dict[str, bytes], now_us: int
) -> None:
    key = StoreKeys(copies.keys).body_key(store_id)
    events = [
        Event(
            store_id=store_id,
            topic=topic,
            delivery_id=f"{topic}:{name}",
            event_id=None,
            triggered_us=None,
            received_us=now_us,
            api_version=None,
            subject=None,
            body=body,
        )
        for name, body in bodies.items()
    ]
    copies.erasures.append([seal_event(event, key, copies.nonces(NONCE_BYTES)) for event in events])
