"""Sealed events for the suites of the log."""

import hashlib

from shopwright.core.clock import US_PER_DAY
from shopwright.core.ports import EventLog
from shopwright.core.types.event import SealedEvent
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.log import LogRecord, Position

STORE = StoreId("a.myshopify.com")
OTHER_STORE = StoreId("b.myshopify.com")
ANNA, BEN = Pseudonym(b"anna" * 4), Pseudonym(b"ben!" * 4)
NOON_US = 20_780 * US_PER_DAY + US_PER_DAY // 2
NOWHERE = Position({})


def key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def event(
    number: int,
    *,
    content: str | None = None,
    store_id: StoreId = STORE,
    subject: Pseudonym | None = ANNA,
    received_us: int = NOON_US,
) -> SealedEvent:
    """Return an event that differs from others by its number, or is equal in content."""
    return SealedEvent(
        store_id=store_id,
        topic="orders/create",
        delivery_id=f"delivery-{number}",
        triggered_us=None if number % 3 else received_us - 1,
        received_us=received_us,
        api_version=None if number % 5 else "2026-10",
        subject_kind=None if subject is None else "customer",
        subject=subject,
        delivery_key=key(f"{store_id} delivery {number}"),
        content_key=None if content is None else key(f"{store_id} content {content}"),
        sealed=f"sealed body {number} ".encode() * 20,
    )


def everything(log: EventLog, after: Position = NOWHERE, limit: int = 7) -> list[LogRecord]:
    """Read to the end, as a consumer does."""
    records: list[LogRecord] = []
    position = dict(after)
    while found := log.read(Position(position), limit):
        assert len(found) <= limit
        records += found
        position |= {record.partition: record.offset for record in found}
    return records


def events_of(log: EventLog) -> list[SealedEvent]:
    return [record.event for record in everything(log)]
