"""Turns the raw body of a verified event into what it tells, by topic."""

from collections.abc import Callable, Mapping

from shopwright.core.errors import Unreadable
from shopwright.core.types.ledger import Telling
from shopwright.core.types.store import Store
from shopwright.events import (
    admin_customer,
    admin_gone,
    admin_level,
    admin_order,
    admin_product,
    exported,
    imported,
    shopify_customer,
    shopify_level,
    shopify_order,
    shopify_product,
    shopify_refund,
)
from shopwright.events.reading import Pseudonymise, Reading

Reader = Callable[[bytes, Reading], tuple[Telling, ...]]


def read(
    topic: str,
    body: bytes,
    store: Store,
    pseudonymise: Pseudonymise,
    *,
    triggered_us: int | None,
    received_us: int,
) -> tuple[Telling, ...]:
    """Return what the body tells; nothing for a topic that is only kept in the log.

    Raises Unreadable, and nothing else, for an unknown topic and for a body that cannot become a
    fact. Its text names the place in the payload, never a value of it.
    """
    reader = _READERS.get(topic)
    if reader is None:
        raise Unreadable(f"{store.store_id}: {topic} is not a topic that can be read here")
    reading = Reading(store, pseudonymise, triggered_us or 0, received_us)
    try:
        return reader(body, reading)
    except Unreadable as error:
        raise Unreadable(f"{store.store_id}: {topic} cannot be read: {error}") from None


def _keep(_body: bytes, _reading: Reading) -> tuple[Telling, ...]:
    """Tell nothing: the event stays in the log for whoever needs it."""
    return ()


_READERS: Mapping[str, Reader] = {
    "orders/create": shopify_order.read_order,
    "orders/updated": shopify_order.read_order,
    "orders/paid": shopify_order.read_order,
    "orders/cancelled": shopify_order.read_order,
    "orders/fulfilled": shopify_order.read_order,
    "orders/partially_fulfilled": shopify_order.read_order,
    "orders/edited": shopify_order.read_edit,
    "orders/delete": shopify_order.read_deletion,
    "refunds/create": shopify_refund.read_refund,
    "products/create": shopify_product.read_product,
    "products/update": shopify_product.read_product,
    "products/delete": shopify_product.read_deletion,
    "customers/create": shopify_customer.read_customer,
    "customers/update": shopify_customer.read_customer,
    "customers/enable": shopify_customer.read_customer,
    "customers/disable": shopify_customer.read_customer,
    "customers/delete": shopify_customer.read_deletion,
    "customers/merge": shopify_customer.read_merge,
    admin_order.TOPIC: admin_order.read_order,
    admin_product.TOPIC: admin_product.read_product,
    admin_customer.TOPIC: admin_customer.read_customer,
    admin_level.TOPIC: admin_level.read_item,
    "inventory_levels/connect": shopify_level.read_level,
    "inventory_levels/update": shopify_level.read_level,
    "inventory_levels/disconnect": shopify_level.read_disconnection,
    admin_gone.TOPIC: admin_gone.read_gone,
    admin_gone.MERGED_TOPIC: admin_gone.read_merged,
    exported.TOPIC: exported.read_order,
    imported.ORDER_TOPIC: imported.read_order,
    imported.PRODUCT_TOPIC: imported.read_product,
    **dict.fromkeys(
        (
            "app/scopes_update",
            "app/uninstalled",
            "bulk_operations/finish",
            "carts/create",
            "carts/update",
            "checkouts/create",
            "checkouts/delete",
            "checkouts/update",
            "collections/create",
            "collections/delete",
            "collections/update",
            "customer.tags_added",
            "customer.tags_removed",
            "customers/data_request",
            "customers/purchasing_summary",
            "customers/redact",
            "inventory_items/create",
            "inventory_items/delete",
            "inventory_items/update",
            "shop/redact",
            "shop/update",
        ),
        _keep,
    ),
}

TOPICS = frozenset(_READERS)
"""Every topic that is read or kept: Shopify's that Shopwright subscribes to, and its own."""
