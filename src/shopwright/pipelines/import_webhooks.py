"""Webhooks from a file: one JSON object a line, taken in as if each had just been delivered.

``{"topic", "webhook_id", "event_id"?, "triggered_at"?, "api_version"?, "body"}``; the body is the
payload, or a text that holds it byte for byte. What came by webhook already adds nothing, so an
import that was interrupted is simply repeated.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import msgspec
from msgspec import Struct

from shopwright.core.clock import Clock
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.types.event import Event
from shopwright.core.types.identity import StoreId
from shopwright.events import privacy
from shopwright.events.instant import instant_us
from shopwright.events.reading import Pseudonymise
from shopwright.events.shopify import TOPICS
from shopwright.events.subject import subject_of
from shopwright.events.webhook import OWN_TOPICS
from shopwright.pipelines.backfill import Accept

CHUNK_EVENTS = 500
SHOWN_MAX = 20


class Imported(Struct, frozen=True, kw_only=True):
    """What a file held."""

    lines: int
    new: int
    duplicates: int
    refused: dict[str, int]
    """Reason to number of lines."""
    first_refused: tuple[int, ...]
    """Numbers of the first refused lines in the file, counted from 1."""


class _Line(Struct, frozen=True):
    topic: str
    webhook_id: str
    body: msgspec.Raw
    event_id: str | None = None
    triggered_at: str | None = None
    api_version: str | None = None


def import_webhooks(
    lines: Iterable[bytes],
    store_id: StoreId,
    accept: Accept,
    pseudonymise: Pseudonymise,
    clock: Clock,
    watch: Callable[[int], None],
) -> Imported:
    """Take every line in that is a webhook; count the others by what is wrong with them."""
    refused: Counter[str] = Counter()
    numbers: list[int] = []
    total = new = duplicates = 0
    for chunk in _chunks(lines):
        events: list[Event] = []
        total += len(chunk)
        for number, line in chunk:
            found = _read(line, store_id, pseudonymise, clock.now_us())
            if isinstance(found, Event):
                events.append(found)
            else:
                refused[found] += 1
                numbers += [number] if len(numbers) < SHOWN_MAX else []
        appended = accept(events)
        new, duplicates = new + appended.new, duplicates + appended.duplicates
        watch(total)
    return Imported(
        lines=total,
        new=new,
        duplicates=duplicates,
        refused=dict(refused),
        first_refused=tuple(numbers),
    )


def _read(
    text: bytes, store_id: StoreId, pseudonymise: Pseudonymise, received_us: int
) -> Event | str:
    """Return the event, or what is wrong with the line; never a value of it."""
    try:
        line = _LINE.decode(text)
        body = _body(line.body)
    except NOT_DECODABLE:
        return "no JSON object with topic, webhook_id and body"
    if line.topic not in TOPICS or line.topic.startswith(OWN_TOPICS):
        return "a topic that is not Shopify's, or not known here"
    if line.topic in privacy.TOPICS:
        return "a privacy request: only Shopify and `shopwright redact` may ask for that"
    if not line.webhook_id or len(line.webhook_id) > 200:
        return "webhook_id is empty or too long"
    triggered_us = None
    if line.triggered_at is not None:
        triggered_us = instant_us(line.triggered_at)
        if triggered_us is None:
            return "triggered_at is not a date with time and offset (RFC 3339)"
    return Event(
        store_id=store_id,
        topic=line.topic,
        delivery_id=line.webhook_id,
        event_id=line.event_id,
        triggered_us=triggered_us,
        received_us=received_us,
        api_version=line.api_version,
        subject=subject_of(line.topic, body, pseudonymise),
        body=body,
    )


def _body(raw: msgspec.Raw) -> bytes:
    text = bytes(raw)
    return msgspec.json.decode(text, type=str).encode() if text.startswith(b'"') else text


def _chunks(lines: Iterable[bytes]) -> Iterator[Sequence[tuple[int, bytes]]]:
    written = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    while chunk := list(islice(written, CHUNK_EVENTS)):
        yield chunk


_LINE = msgspec.json.Decoder(_Line)
