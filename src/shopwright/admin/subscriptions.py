"""Which webhooks a store should send us, and what must change so that it does.

Only what carries our name or our address is ours; nothing of anybody else is touched.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/webhookSubscriptionCreate
"""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

NAME = "shopwright"

TOPICS: Mapping[str, str] = {
    "ORDERS_CREATE": "read_orders",
    "ORDERS_UPDATED": "read_orders",
    "ORDERS_EDITED": "read_orders",
    "ORDERS_DELETE": "read_orders",
    "REFUNDS_CREATE": "read_orders",
    "PRODUCTS_CREATE": "read_products",
    "PRODUCTS_UPDATE": "read_products",
    "PRODUCTS_DELETE": "read_products",
    "INVENTORY_LEVELS_CONNECT": "read_inventory",
    "INVENTORY_LEVELS_UPDATE": "read_inventory",
    "INVENTORY_LEVELS_DISCONNECT": "read_inventory",
    "CUSTOMERS_CREATE": "read_customers",
    "CUSTOMERS_UPDATE": "read_customers",
    "CUSTOMERS_DELETE": "read_customers",
    "CUSTOMERS_MERGE": "read_customer_merge",
    "APP_UNINSTALLED": "",
    "APP_SCOPES_UPDATE": "",
    "SHOP_UPDATE": "",
}
"""Topic to the scope without which Shopify refuses it. ``orders/updated`` says everything that
paid, cancelled and fulfilled say; the compliance topics can only be declared with the app."""


class Subscription(Struct, frozen=True, kw_only=True):
    """One that exists in the shop."""

    id: str
    topic: str
    uri: str
    name: str = ""


class Plan(Struct, frozen=True, kw_only=True):
    """What must be done; nothing when everything is as it should be."""

    create: tuple[str, ...] = ()
    """Topics."""
    move: tuple[Subscription, ...] = ()
    """Ours, but with another address."""
    delete: tuple[Subscription, ...] = ()
    """Ours, twice or no longer wanted."""
    right: tuple[Subscription, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.create or self.move or self.delete)


def wanted(scopes: Collection[str]) -> tuple[str, ...]:
    """Return the topics that may be subscribed to with these scopes."""
    return tuple(topic for topic, scope in TOPICS.items() if not scope or scope in scopes)


def plan(found: Sequence[Subscription], topics: Sequence[str], uri: str) -> Plan:
    """Compare what exists with what should: each topic once, at our address."""
    ours = [one for one in found if one.name == NAME or one.uri == uri]
    right: dict[str, Subscription] = {}
    for one in ours:
        if one.uri == uri and one.topic in topics:
            right.setdefault(one.topic, one)
    move: dict[str, Subscription] = {}
    for one in ours:
        if one.topic in topics and one.topic not in right:
            move.setdefault(one.topic, one)
    kept = {one.id for one in (*right.values(), *move.values())}
    return Plan(
        create=tuple(topic for topic in topics if topic not in right and topic not in move),
        move=tuple(move.values()),
        delete=tuple(one for one in ours if one.id not in kept),
        right=tuple(right.values()),
    )
