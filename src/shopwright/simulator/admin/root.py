"""The root fields of the simulated Admin API: what may be asked for, and changed."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from shopwright.core.clock import US_PER_DAY, iso
from shopwright.core.errors import BadInput
from shopwright.simulator.admin.access import Token
from shopwright.simulator.admin.bulk import BulkOperation, BulkQuery
from shopwright.simulator.admin.files import TooMany
from shopwright.simulator.admin.graphql_answers import count, ordered, page
from shopwright.simulator.admin.nodes import Children, Node, gid
from shopwright.simulator.admin.schema import SUPPORTED_VERSIONS, schema
from shopwright.simulator.admin.search import instant, parse
from shopwright.simulator.admin.state import ShopState
from shopwright.simulator.admin.subscriptions import changed, subscription_node

VISIBLE_DAYS = 60
"""Orders older than this are hidden from an app without ``read_all_orders``."""

_ORDER_WORDS = {
    "updated_at": "updatedAt",
    "created_at": "createdAt",
    "processed_at": "processedAt",
    "id": "id",
    "test": "test",
}
_WORDS = {"updated_at": "updatedAt", "created_at": "createdAt", "id": "id"}


class Asked(Struct, frozen=True, kw_only=True):
    """Who asks, when, and which version answers."""

    token: Token
    now_us: int
    version: str


class Denied(Exception):
    """The token lacks a scope."""

    code = "ACCESS_DENIED"


def root_of(shop: ShopState, asked: Asked) -> dict[str, Any]:
    """Return the resolvers of every root field."""
    reads = _Reads(shop, asked)
    return reads.fields() | _Changes(shop, asked, reads).fields()


class _Reads:
    def __init__(self, shop: ShopState, asked: Asked) -> None:
        self._shop = shop
        self._asked = asked

    def fields(self) -> dict[str, Callable[..., Any]]:
        return {
            "shop": lambda _info: self._about(),
            "currentAppInstallation": lambda _info: self._installation(),
            "publicApiVersions": lambda _info: [_version(one) for one in SUPPORTED_VERSIONS],
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

    def found(self, connection: str, arguments: dict[str, Any]) -> Children:
        """Return everything that a connection gives, whatever the page."""
        scope, words, nodes = self._sources()[connection]
        self.need(*scope)
        matches = parse(arguments.get("query"), words)
        return ordered(
            (node for node in nodes() if matches(node)), arguments.get("sortKey") or "ID"
        )

    def need(self, *scopes: str) -> None:
        """Raise Denied unless one of the scopes was granted."""
        if not self._asked.token.scopes & set(scopes):
            raise Denied(
                f"Access denied for this field. Required access: `{scopes[0]}` access scope."
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
        self.need("read_locations", "read_inventory")
        return next(
            (one for one in self._shop.holdings.stock.locations() if one["id"] == text), None
        )

    def _locations(self, arguments: dict[str, Any]) -> Any:
        self.need("read_locations", "read_inventory")
        return page(self._shop.holdings.stock.locations(), arguments)

    def _count(self, connection: str, arguments: dict[str, Any]) -> Any:
        return count(len(self.found(connection, arguments)), arguments.get("limit"))

    def _variants(self, arguments: dict[str, Any]) -> Any:
        products = self.found("products", {})
        return count(sum(len(one["variants"]) for one in products), arguments.get("limit"))

    def _about(self) -> Node:
        profile = self._shop.profile
        return {
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
        return self._shop.holdings.node(kind, int(number))

    def _subscriptions(self, arguments: dict[str, Any]) -> Any:
        nodes = [subscription_node(one) for one in self._shop.subscriptions.all()]
        return page(ordered(nodes, "ID"), arguments)

    def operation(self, text: str) -> Node | None:
        """Return a bulk operation's node."""
        number = text.rpartition("/")[2]
        found = self._shop.files.get(int(number), self._asked.now_us) if number.isdigit() else None
        return None if found is None else self.operation_node(found)

    def operation_node(self, operation: BulkOperation) -> Node:
        """Return a bulk operation as the API shows it."""
        done = operation.status in ("COMPLETED", "FAILED")
        url = self._shop.files.address(operation) if done and operation.lines else None
        return {
            "__typename": "BulkOperation",
            "id": gid("BulkOperation", operation.number),
            "type": "QUERY",
            "status": operation.status,
            "errorCode": operation.error_code if done else None,
            "objectCount": str(len(operation.lines) if done else 0),
            "rootObjectCount": str(operation.roots if done else 0),
            "fileSize": str(sum(len(line) + 1 for line in operation.lines)) if done else None,
            "url": None if operation.error_code else url,
            "partialDataUrl": url if operation.error_code else None,
            "createdAt": _second(operation.created_us),
            "completedAt": _second(operation.done_us) if done else None,
            "query": operation.query,
        }

    def _operations(self, arguments: dict[str, Any]) -> Any:
        matches = parse(arguments.get("query"), {"status": "status", "id": "id"})
        nodes = [self.operation_node(one) for one in self._shop.files.all(self._asked.now_us)]
        return page(ordered((one for one in nodes if matches(one)), "ID"), arguments)


class _Changes:
    def __init__(self, shop: ShopState, asked: Asked, reads: _Reads) -> None:
        self._shop = shop
        self._asked = asked
        self._reads = reads

    def fields(self) -> dict[str, Callable[..., Any]]:
        return {
            "bulkOperationRunQuery": lambda _info, query, **_more: self._run_bulk(query),
            "bulkOperationCancel": lambda _info, id: self._cancel(id),  # noqa: A006
            "webhookSubscriptionCreate": self._create,
            "webhookSubscriptionUpdate": self._update,
            "webhookSubscriptionDelete": lambda _info, id: self._delete(id),  # noqa: A006
        }

    def _run_bulk(self, text: str) -> Node:
        def nodes(query: BulkQuery) -> Iterable[Node]:
            return self._reads.found(query.connection, query.arguments)

        try:
            operation = self._shop.files.start(
                schema(), text, nodes, self._shop.faults, self._asked.now_us
            )
        except BadInput as error:
            code = "OPERATION_IN_PROGRESS" if isinstance(error, TooMany) else "INVALID"
            return {
                "bulkOperation": None,
                "userErrors": [{"field": ["query"], "message": str(error), "code": code}],
            }
        return {"bulkOperation": self._reads.operation_node(operation), "userErrors": []}

    def _cancel(self, text: str) -> Node:
        number = int(text.rpartition("/")[2])
        found = self._shop.files.cancel(number, self._asked.now_us)
        return {
            "bulkOperation": self._reads.operation_node(found) if found else None,
            "userErrors": []
            if found
            else [{"field": ["id"], "message": "Bulk operation does not exist"}],
        }

    def _create(self, _info: Any, topic: str, webhookSubscription: dict[str, Any]) -> Node:  # noqa: N803
        made = self._shop.subscriptions.create(
            topic,
            webhookSubscription,
            version=self._asked.version,
            now_us=self._asked.now_us,
        )
        return changed(made)

    def _update(self, _info: Any, id: str, webhookSubscription: dict[str, Any]) -> Node:  # noqa: A002, N803
        number = int(id.rpartition("/")[2])
        return changed(
            self._shop.subscriptions.update(number, webhookSubscription, now_us=self._asked.now_us)
        )

    def _delete(self, text: str) -> Node:
        gone = self._shop.subscriptions.delete(int(text.rpartition("/")[2]))
        problem = [{"field": ["id"], "message": "Webhook subscription does not exist"}]
        return {
            "deletedWebhookSubscriptionId": text if gone else None,
            "userErrors": [] if gone else problem,
        }


def _version(handle: str) -> Node:
    return {"displayName": handle, "handle": handle, "supported": True}


def _second(us: int) -> str:
    return iso(us)[:19] + "Z"
