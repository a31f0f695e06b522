"""What a settled file tells, as events: its products, then its orders in the order of time.

The delivery id is a digest of what is told, so telling it twice stores it once and an order that a
longer file tells differently is a new telling. The digest is keyed and the invoice number is
written as its pseudonym, because delivery ids are kept in the clear.
"""

import hashlib
from collections.abc import Iterator

from shopwright.core.types.event import Event
from shopwright.core.types.store import Store
from shopwright.events.imported import ORDER_TOPIC, PRODUCT_TOPIC, encode
from shopwright.events.reading import Pseudonymise
from shopwright.events.settled_orders import orders, products
from shopwright.events.settlement import Settled
from shopwright.events.subject import subject_of

FORMAT = "transactions"


def told_events(settled: Settled, store: Store, pseudonymise: Pseudonymise) -> Iterator[Event]:
    """Yield every event of the file, always in the same order; ``received_us`` is left at 0."""
    for product in products(settled):
        yield _event(store, PRODUCT_TOPIC, product.product_id, encode(product), pseudonymise)
    for order in orders(settled, store.currency):
        number = pseudonymise("order", order.order_id).hex()
        yield _event(store, ORDER_TOPIC, number, encode(order), pseudonymise)


def _event(store: Store, topic: str, who: str, body: bytes, pseudonymise: Pseudonymise) -> Event:
    digest = pseudonymise("import", hashlib.sha256(body).hexdigest()).hex()
    return Event(
        store_id=store.store_id,
        topic=topic,
        delivery_id=f"import:{FORMAT}:{who}:{digest}",
        event_id=None,
        triggered_us=None,
        received_us=0,
        api_version=None,
        subject=subject_of(topic, body, pseudonymise),
        body=body,
    )
