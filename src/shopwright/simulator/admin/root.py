"""The root fields of the simulated Admin API, and the resolvers of what may be asked for."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import BadInput
from shopwright.simulator.admin.asked import Asked
from shopwright.simulator.admin.bulk_mutation import Run
from shopwright.simulator.admin.changes import Changes
from shopwright.simulator.admin.graphql_answers import count, ordered, page
from shopwright.simulator.admin.metafield_root import MetafieldRoot
from shopwright.simulator.admin.nodes import Children, Hung, Node, gid
from shopwright.simulator.admin.owners import Namespaces, Owner
from shopwright.simulator.admin.schema import SUPPORTED_VERSIONS
from shopwright.simulator.admin.search import instant, parse
from shopwright.simulator.admin.state import ShopState
from shopwright.simulator.admin.subscriptions import subscription_node

VISIBLE_DAYS = 60
"""Orders older than this are hidden from an app without ``read_all_orders``."""

_ORDER_WORDS = {
    "updated_at": "updatedAt",
    "created_at": "createdAt",
    "processed_at": "processedAt",
    "id": "id",
    "test": "test",
}
_READ = {
    "Product": "read_products",
    "ProductVariant": "read_products",
    "Customer": "read_customers",
}
_WORDS = {"updated_at": "updatedAt", "created_at": "createdAt", "id": "id"}


def root_of(
    shop: ShopState, asked: Asked, names: Namespaces, run: Run, hung: Hung
) -> dict[str, Any]:
    """Return the resolvers of every root field; ``run`` executes a line of a bulk mutation."""
    reads = _Reads(shop, asked, names)
    return (
        reads.fields()
        | Changes(shop, asked, reads.found, run, hung).fields()
        | MetafieldRoot(shop, asked, names, reads.owner).fields()
    )


class _Reads:
    def __init__(self, shop: ShopState, asked: Asked, names: Namespaces) -> None:
        self._shop = shop
        self._asked = asked
        self._names = names

    def fields(self) -> dict[str, Callable[..., Any]]:
        return {
            "shop": lambda _info: self._about(),
            "currentAppInstallation": lambda _info: self._installation(),
            "publicApiVersions": lambda _info: [_version(one) for one in SUPPORTED_VERSIONS],
            "product": lambda _info, id: self._one("Product", id),  # noqa: A006
            "productVariant": lambda _info, id: self._one("ProductVariant", id),  # noqa: A006
            "customer": lambda _info, id: self._one("Customer", id),  # noqa: A006
            "nodes": lambda _info, ids: [self._node(one) for one in ids],
            "orders": lambda _info, **more: self.page("orders", more),
            "products": lambda _info, **more: self.page("products", more),
            "customers": lambda _info, **more: self.page("customers", more),
            "inventoryItems": lambda _info, **more: self.page("inventoryItems", more),
            "location": lambda _info, id: self._location(id),  # noqa: A006 - the schema's
            "locations": lambda _info, **more: self._locations(more),
            "ordersCount": lambda _info, **more: self._count("orders", more),
            "productsCount": lambda _info, **more: self._count("products", more),
            "customersCount": lambda _info, **more: self._count("customers", more),
            "productVariantsCount": lambda _info, **more: self._variants(more),
            "webhookSubscriptions": lambda _info, **more: self._subscriptions(more),
            "bulkOperation": lambda _info, id: self.operation(id),  # noqa: A006 - the schema's
            "bulkOperations": lambda _info, **more: self._operations(more),
        }

    def page(self, connection: str, arguments: dict[str, Any]) -> Any:
        return page(self.found(connection, arguments), arguments)

    def found(self, connection: str, arguments: Mapping[str, Any]) -> Children:
        """Return everything that a connection gives, whatever the page."""
        scope, words, nodes = self._sources()[connection]
        self._asked.need(*scope)
        matches = parse(arguments.get("query"), words)
        return ordered(
            (node for node in nodes() if matches(node)), arguments.get("sortKey") or "ID"
        )

    def _sources(self) -> dict[str, Any]:
        holdings = self._shop.holdings
        return {
            "orders": (("read_orders",), _ORDER_WORDS, self._visible_orders),
            "products": (("read_products",), _WORDS, holdings.products),
            "customers": (("read_customers",), _WORDS, holdings.customers),
            "inventoryItems": (
                ("read_inventory", "read_products"),
                {"updated_at": "updatedAt", "id": "id"},
                self._items,
            ),
        }

    def _visible_orders(self) -> Iterable[Node]:
        if "read_all_orders" in self._asked.token.scopes:
            return self._shop.holdings.orders()
        from_us = self._asked.now_us - VISIBLE_DAYS * US_PER_DAY
        return (
            node for node in self._shop.holdings.orders() if instant(node["createdAt"]) >= from_us
        )

    def _items(self) -> Iterable[Node]:
        for product in self._shop.holdings.products():
            for variant in product["variants"]:
                yield variant["inventoryItem"]

    def _location(self, text: str) -> Node | None:
        self._asked.need("read_locations", "read_inventory")
        return next(
            (one for one in self._shop.holdings.stock.locations() if one["id"] == text), None
        )

    def _locations(self, arguments: dict[str, Any]) -> Any:
        self._asked.need("read_locations", "read_inventory")
        return page(self._shop.holdings.stock.locations(), arguments)

    def _count(self, connection: str, arguments: dict[str, Any]) -> Any:
        return count(len(self.found(connection, arguments)), arguments.get("limit"))

    def _variants(self, arguments: dict[str, Any]) -> Any:
        products = self.found("products", {})
        return count(sum(len(one["variants"]) for one in products), arguments.get("limit"))

    def _about(self) -> Node:
        profile = self._shop.profile
        return {
            "__typename": "Shop",
            "id": gid("Shop", 1),
            "name": profile.name,
            "myshopifyDomain": profile.domain,
            "primaryDomain": {"id": gid("Domain", 1), "host": profile.domain},
            "currencyCode": profile.currency,
            "ianaTimezone": profile.season.timezone,
            "plan": {
                "partnerDevelopment": False,
                "publicDisplayName": "Grow",
                "shopifyPlus": self._shop.bucket.maximum > 10_000,
            },
        }

    def _installation(self) -> Node:
        return {
            "id": gid("AppInstallation", 1),
            "app": {"id": gid("App", self._names.own.removeprefix("app--"))},
            "accessScopes": [{"handle": one} for one in sorted(self._asked.token.scopes)],
        }

    def _node(self, text: str) -> Node | None:
        kind, _, number = text.removeprefix("gid://shopify/").partition("/")
        if kind == "BulkOperation":
            return self.operation(text)
        if not number.isdigit():
            raise BadInput(f"Invalid global id '{text}'")
        if kind == "Order":
            return next((one for one in self._visible_orders() if one["id"] == text), None)
        if kind in _READ:
            self._asked.need(_READ[kind])
        return self._shop.holdings.node(kind, int(number))

    def _one(self, kind: str, text: str) -> Node | None:
        if not text.startswith(f"gid://shopify/{kind}/"):
            raise BadInput(f"Invalid global id '{text}'")
        return self._node(text)

    def owner(self, owner: Owner) -> Node:
        """Return the node of what owns a metafield."""
        if owner.typename == "Shop":
            return self._about()
        return self._shop.holdings.node(owner.typename, owner.number) or {}

    def _subscriptions(self, arguments: dict[str, Any]) -> Any:
        nodes = [subscription_node(one) for one in self._shop.subscriptions.all()]
        return page(ordered(nodes, "ID"), arguments)

    def operation(self, text: str) -> Node | None:
        """Return a bulk operation's node."""
        number = text.rpartition("/")[2]
        found = self._shop.files.get(int(number), self._asked.now_us) if number.isdigit() else None
        return None if found is None else self._shop.files.node(found)

    def _operations(self, arguments: dict[str, Any]) -> Any:
        matches = parse(arguments.get("query"), {"status": "status", "id": "id"})
        nodes = [self._shop.files.node(one) for one in self._shop.files.all(self._asked.now_us)]
        return page(ordered((one for one in nodes if matches(one)), "ID"), arguments)


def _version(handle: str) -> Node:
    return {"displayName": handle, "handle": handle, "supported": True}
