"""Both names of a webhook topic: ``orders/create`` when delivered, ``ORDERS_CREATE`` in GraphQL."""

from collections.abc import Mapping

_TOPICS = (
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
    "customers/create",
    "customers/delete",
    "customers/disable",
    "customers/enable",
    "customers/merge",
    "customers/purchasing_summary",
    "customers/update",
    "inventory_items/create",
    "inventory_items/delete",
    "inventory_items/update",
    "inventory_levels/connect",
    "inventory_levels/disconnect",
    "inventory_levels/update",
    "orders/cancelled",
    "orders/create",
    "orders/delete",
    "orders/edited",
    "orders/fulfilled",
    "orders/paid",
    "orders/partially_fulfilled",
    "orders/updated",
    "products/create",
    "products/delete",
    "products/update",
    "refunds/create",
    "shop/update",
)

TOPIC_NAMES: Mapping[str, str] = {
    topic.replace("/", "_").replace(".", "_").upper(): topic for topic in _TOPICS
}
"""GraphQL's name to the name in a delivery."""
