"""Shopify's orders export → events → log. What is known already adds nothing.

Each event's delivery id is a digest of what it tells: an import that was interrupted is simply
repeated.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from shopwright.core.clock import Clock
from shopwright.core.types.event import Event
from shopwright.core.types.exported import ExportRow
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.events import exported, imported
from shopwright.events.contacts import email_of, phone_of
from shopwright.events.export_rows import Found, RefusedRows, newest_us, orders
from shopwright.events.reading import Pseudonymise
from shopwright.events.subject import subject_of
from shopwright.pipelines.backfill import Accept

CHUNK_EVENTS = 500
SHOWN_MAX = 20

Rows = Callable[[], Iterator[ExportRow]]


class ExportReport(Struct, frozen=True, kw_only=True):
    """What a file held: every row is in exactly one count."""

    rows: int
    taken: int
    refused: dict[str, int]
    """Reason to number of rows."""
    first_refused: tuple[int, ...]
    """Lines of the file on which the first refused orders begin."""
    orders: int
    guests: int
    """Orders that name neither an e-mail address nor a phone number."""
    new: int
    duplicates: int


def people_of(rows: Iterable[ExportRow]) -> dict[str, str]:
    """Return Shopify's customer id for each address and number of a customers export.

    An address that two customers have is left out: it tells neither.
    """
    found: dict[str, str] = {}
    twice: set[str] = set()
    for row in rows:
        number = row.cells.get("Customer ID", "")
        if not (number.isascii() and number.isdigit()):
            continue
        for contact in (email_of(row.cells.get("Email")), phone_of(row.cells.get("Phone"))):
            if contact is not None and found.setdefault(contact, number) != number:
                twice.add(contact)
    return {contact: number for contact, number in found.items() if contact not in twice}


class _Counts:
    def __init__(self) -> None:
        self.rows = self.taken = self.orders = self.guests = self.new = self.duplicates = 0
        self.refused: Counter[str] = Counter()
        self.first_refused: list[int] = []

    def take(self, one: Found | RefusedRows) -> None:
        self.rows += one.rows
        if isinstance(one, RefusedRows):
            self.refused[one.why] += one.rows
            self.first_refused += [one.line] if len(self.first_refused) < SHOWN_MAX else []
        else:
            self.taken += one.rows
            self.orders += 1
            self.guests += one.order.customer_id is None


def import_export(
    rows: Rows,
    store: Store,
    people: Mapping[str, str],
    accept: Accept,
    pseudonymise: Pseudonymise,
    clock: Clock,
    watch: Callable[[int], None],
) -> ExportReport:
    """Take every order in; the file is read twice, for its newest date comes first."""
    exported_us = newest_us(rows())
    counts = _Counts()
    products: dict[str, imported.ImportedProduct] = {}
    found = orders(rows(), store.currency, exported_us, people)
    while chunk := list(islice(found, CHUNK_EVENTS)):
        events = []
        for one in chunk:
            counts.take(one)
            if isinstance(one, Found):
                _notice(products, one)
                number = one.order.order_id
                body = exported.encode(one.order)
                events.append(_event(store.store_id, exported.TOPIC, number, body, pseudonymise))
        _accept(accept, events, counts, clock)
        watch(counts.rows)
    told = (
        _event(
            store.store_id,
            imported.PRODUCT_TOPIC,
            product.product_id,
            imported.encode(product),
            pseudonymise,
        )
        for product in products.values()
    )
    while batch := list(islice(told, CHUNK_EVENTS)):
        _accept(accept, batch, counts, clock)
    return ExportReport(
        rows=counts.rows,
        taken=counts.taken,
        refused=dict(counts.refused),
        first_refused=tuple(counts.first_refused),
        orders=counts.orders,
        guests=counts.guests,
        new=counts.new,
        duplicates=counts.duplicates,
    )


def _notice(products: dict[str, imported.ImportedProduct], found: Found) -> None:
    """Remember what was sold, under the title of its newest order."""
    for product, (sku, title) in found.titles.items():
        known = products.get(product)
        if known is None or known.known_us <= found.order.created_us:
            products[product] = imported.ImportedProduct(
                product_id=product,
                sku=sku,
                title=title,
                category="",
                known_us=found.order.created_us,
            )


def _accept(accept: Accept, events: list[Event], counts: _Counts, clock: Clock) -> None:
    now_us = clock.now_us()
    appended = accept([replace(event, received_us=now_us) for event in events])
    counts.new += appended.new
    counts.duplicates += appended.duplicates


def _event(
    store_id: StoreId, topic: str, number: str, body: bytes, pseudonymise: Pseudonymise
) -> Event:
    who = pseudonymise("order", number).hex()
    digest = pseudonymise("import", hashlib.sha256(body).hexdigest()).hex()
    return Event(
        store_id=store_id,
        topic=topic,
        delivery_id=f"export:{who}:{digest}",
        event_id=None,
        triggered_us=None,
        received_us=0,
        api_version=None,
        subject=subject_of(topic, body, pseudonymise),
        body=body,
    )
