"""Which webhooks a shop sends for what happens to its orders, customers and products.

A payment at checkout is told by ``orders/create`` itself; ``orders/paid`` comes for a later one.
Every later change of an order comes with ``orders/updated`` and, where there is one, its own topic.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from shopwright.simulator.catalogue import Product
from shopwright.simulator.customer_payload import customer_body, deleted_body, merged_body
from shopwright.simulator.history import Idler
from shopwright.simulator.letterhead import Letterhead
from shopwright.simulator.order import Order
from shopwright.simulator.order_payload import edited_body, order_body
from shopwright.simulator.population import Account
from shopwright.simulator.product_payload import product_body
from shopwright.simulator.refund_payload import refund_body
from shopwright.simulator.stock_payload import level_body, moves
from shopwright.simulator.webhook import identifier, jitter_us

Body = Callable[[], dict[str, Any]]


class Telling(NamedTuple):
    """A webhook that is to be sent; its body is written only when it is asked for."""

    triggered_us: int
    webhook_id: str
    """Second in the order of sorting, so that equal instants have a fixed order too."""
    event_id: str
    topic: str
    body: Body


class Narrator:
    """Tells what happened in one shop."""

    def __init__(self, letterhead: Letterhead, accounts: dict[int, Account]) -> None:
        self._letterhead = letterhead
        self._accounts = accounts

    def order(self, order: Order) -> Iterator[Telling]:
        """Tell everything that ever happens to an order."""
        yield self._whole("orders/create", order, order.created_us)
        if order.paid_us is not None and order.paid_us > order.created_us:
            yield self._whole("orders/paid", order, order.paid_us)
        for edit in order.edits:
            yield self._tell(
                "orders/edited",
                edit.at_us,
                f"{order.order_id}:{edit.at_us}",
                partial(edited_body, order, edit, self._letterhead),
            )
        for refund in order.refunds:
            yield self._tell(
                "refunds/create",
                refund.at_us,
                f"{order.order_id}:{refund.at_us}",
                partial(refund_body, order, refund, self._letterhead),
            )
        if order.cancelled_us is not None:
            yield self._whole("orders/cancelled", order, order.cancelled_us)
        for at_us in sorted(order.changes() - {order.created_us}):
            yield self._whole("orders/updated", order, at_us)
        if order.deleted_us is not None:
            yield self._tell(
                "orders/delete",
                order.deleted_us,
                f"{order.order_id}:deleted",
                lambda: {"id": order.order_id},
            )

    def customer(self, account: Account, start_us: int) -> Iterator[Telling]:
        """Tell an account opened since ``start_us``, its moves, and its merge into another."""
        if account.created_us >= start_us:
            yield self._customer("customers/create", account, account.created_us)
        for moved_us, _ in account.addresses[1:]:
            yield self._customer("customers/update", account, moved_us)
        if account.merged_us is not None and account.merged_into is not None:
            kept_id, deleted_id = account.merged_into, account.customer_id
            job = identifier("merge", deleted_id)
            yield self._tell(
                "customers/merge",
                account.merged_us,
                f"{deleted_id}:merged",
                lambda: merged_body(kept_id, deleted_id, job),
            )

    def idler(self, idler: Idler) -> Iterator[Telling]:
        """Tell the end of an account that never bought."""
        if idler.deleted_us is not None:
            customer_id = idler.account.customer_id
            yield self._tell(
                "customers/delete",
                idler.deleted_us,
                f"{customer_id}:deleted",
                lambda: deleted_body(customer_id),
            )

    def product(self, product: Product) -> Iterator[Telling]:
        """Tell a product when it is made, when its price changes, and when it is out or in."""
        for at_us in sorted({product.created_us, *product.changes}):
            yield self.product_at(product, at_us)

    def stock(self, product: Product) -> Iterator[Telling]:
        """Tell every change of what lies on the shelves for a product."""
        for variant in product.variants:
            for move in moves(variant):
                yield self._tell(
                    "inventory_levels/connect" if move.is_first else "inventory_levels/update",
                    move.at_us,
                    f"{move.item}:{move.place}:{move.at_us}",
                    partial(level_body, move, self._letterhead),
                )

    def product_at(self, product: Product, at_us: int) -> Telling:
        """Tell a product as of an instant."""
        topic = "products/create" if at_us == product.created_us else "products/update"
        return self._tell(
            topic,
            at_us,
            f"{product.product_id}:{at_us}",
            lambda: product_body(product, at_us, self._letterhead),
        )

    def owner(self, order: Order, us: int) -> Account | None:
        """Return whom an order belongs to at an instant: merges move it."""
        account = order.account
        while (
            account is not None
            and account.merged_into is not None
            and account.merged_us is not None
            and account.merged_us <= us
        ):
            account = self._accounts[account.merged_into]
        return account

    def _whole(self, topic: str, order: Order, at_us: int) -> Telling:
        return self._tell(
            topic,
            at_us,
            f"{order.order_id}:{at_us}",
            lambda: order_body(order, self.owner(order, at_us), at_us, self._letterhead),
        )

    def _customer(self, topic: str, account: Account, at_us: int) -> Telling:
        return self._tell(
            topic,
            at_us,
            f"{account.customer_id}:{at_us}",
            lambda: customer_body(account, at_us, self._letterhead),
        )

    def _tell(self, topic: str, at_us: int, action: str, body: Body) -> Telling:
        domain = self._letterhead.profile.domain
        return Telling(
            triggered_us=at_us + jitter_us(f"{topic}:{action}"),
            webhook_id=identifier(domain, topic, action),
            event_id=identifier(domain, action),
            topic=topic,
            body=body,
        )
