"""What a simulated shop holds at the moment: the sum of everything its webhooks ever told."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from shopwright.core.clock import US_PER_SECOND, iso, to_datetime
from shopwright.simulator.admin.nodes import Node
from shopwright.simulator.admin.nodes import number as number_of
from shopwright.simulator.admin.order_node import order_node
from shopwright.simulator.admin.other_nodes import customer_node, product_node
from shopwright.simulator.admin.search import instant
from shopwright.simulator.admin.stock import Stock
from shopwright.simulator.webhook import SimulatedWebhook

_ORDERS = ("orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/fulfilled")


class Holdings:
    """Orders, products and customers by number, as their newest payloads."""

    def __init__(self) -> None:
        self._orders = _Kept(order_node)
        self.stock = Stock()
        self._products = _Kept(lambda payload: product_node(payload, self.stock))
        self._product_of_item: dict[int, int] = {}
        self._customers = _Kept(customer_node)
        self._product_of: dict[int, int] = {}
        """By variant; what a product no longer has is seen when it is asked for."""

    def tell(self, webhook: SimulatedWebhook) -> None:
        """Change what the shop holds by what a webhook tells."""
        body = msgspec.json.decode(webhook.body)
        topic = webhook.topic
        if topic in _ORDERS:
            self._orders.put(body)
        elif topic in ("products/create", "products/update"):
            self._put_product(body)
        elif topic.startswith("inventory_levels/"):
            item = self.stock.tell(topic, body, iso(webhook.triggered_us))
            self._products.remake(self._product_of_item.get(item, 0))
        elif topic in ("customers/create", "customers/update"):
            self._customers.put(body)
        elif topic == "orders/delete":
            self._orders.remove(body["id"])
        elif topic == "products/delete":
            self._products.remove(body["id"])
        elif topic == "customers/delete":
            self._customers.remove(body["id"])
        elif topic == "customers/merge":
            self._merge(body)

    def tell_all(self, webhooks: Iterable[SimulatedWebhook]) -> None:
        """Tell many, in the order in which they happened."""
        for webhook in webhooks:
            self.tell(webhook)

    def orders(self) -> Iterable[Node]:
        """Return every order's node, by number."""
        return self._orders.nodes()

    def products(self) -> Iterable[Node]:
        """Return every product's node, by number."""
        return self._products.nodes()

    def customers(self) -> Iterable[Node]:
        """Return every customer's node, by number."""
        return self._customers.nodes()

    def customer(self, number: int) -> dict[str, Any] | None:
        """Return a customer's newest payload."""
        return self._customers.payload(number)

    def orders_of(self, customer: int) -> list[int]:
        """Return the numbers of a customer's orders."""
        return [
            order["id"]
            for order in self._orders.payloads()
            if order["customer"] and order["customer"]["id"] == customer
        ]

    def node(self, kind: str, number: int) -> Node | None:
        """Return one node by its global id's parts, None when the shop holds no such thing."""
        if kind == "ProductVariant":
            return self._variant(number)
        kept = {"Order": self._orders, "Product": self._products, "Customer": self._customers}
        return kept[kind].node(number) if kind in kept else None

    def _put_product(self, body: dict[str, Any]) -> None:
        self._products.put(body)
        for variant in body["variants"]:
            self._product_of_item[variant["inventory_item_id"]] = body["id"]
            self._product_of[variant["id"]] = body["id"]

    def touch(
        self, kind: str, number: int, timezone: str, now_us: int
    ) -> tuple[str, dict[str, Any]] | None:
        """Say that a product or customer was updated now; return topic and payload of that.

        Whatever changes at a variant changes its product. None for everything else.
        """
        if kind == "ProductVariant":
            kind, number = "Product", self._product_of.get(number, 0)
        kept, topic = {
            "Product": (self._products, "products/update"),
            "Customer": (self._customers, "customers/update"),
        }.get(kind, (None, ""))
        before = kept.payload(number) if kept else None
        if kept is None or before is None:
            return None
        # A clock that was set back must not make the change older than what is there.
        at_us = max(now_us - now_us % US_PER_SECOND, instant(before["updated_at"]))
        local = to_datetime(at_us).astimezone(ZoneInfo(timezone))
        payload = before | {"updated_at": local.isoformat(timespec="seconds")}
        kept.put(payload)
        return topic, payload

    def _variant(self, wanted: int) -> Node | None:
        product = self._products.node(self._product_of.get(wanted, 0))
        if product is None:
            return None
        return next((one for one in product["variants"] if number_of(one) == wanted), None)

    def _merge(self, body: Mapping[str, Any]) -> None:
        """Give the orders of the account that goes to the one that stays."""
        kept = int(body["admin_graphql_api_customer_kept_id"].rpartition("/")[2])
        gone = int(body["admin_graphql_api_customer_deleted_id"].rpartition("/")[2])
        self._customers.remove(gone)
        who = self._customers.payload(kept) or {"id": kept}
        for order in self._orders.payloads():
            if order["customer"] and order["customer"]["id"] == gone:
                self._orders.put(order | {"customer": who})


class _Kept:
    """Payloads of one kind by number; a node is made when it is first asked for."""

    def __init__(self, made: Callable[[Mapping[str, Any]], Node]) -> None:
        self._made = made
        self._payloads: dict[int, dict[str, Any]] = {}
        self._nodes: dict[int, Node] = {}

    def put(self, payload: dict[str, Any]) -> None:
        """Keep a payload unless a newer one is here."""
        number = payload["id"]
        before = self._payloads.get(number)
        if before is None or instant(before["updated_at"]) <= instant(payload["updated_at"]):
            self._payloads[number] = payload
            self._nodes.pop(number, None)

    def remake(self, number: int) -> None:
        """Make a node anew when it is next asked for: something in it has changed."""
        self._nodes.pop(number, None)

    def remove(self, number: int) -> None:
        self._payloads.pop(number, None)
        self._nodes.pop(number, None)

    def payload(self, number: int) -> dict[str, Any] | None:
        return self._payloads.get(number)

    def payloads(self) -> list[dict[str, Any]]:
        return list(self._payloads.values())

    def nodes(self) -> Iterator[Node]:
        for number in sorted(self._payloads):
            node = self.node(number)
            assert node is not None
            yield node

    def node(self, number: int) -> Node | None:
        if number not in self._payloads:
            return None
        if number not in self._nodes:
            self._nodes[number] = self._made(self._payloads[number])
        return self._nodes[number]
