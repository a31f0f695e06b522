"""A small installation whose every event is told by hand, for tests of single erasures."""

import json
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from erasing_system import ErasingSystem
from simulated_system import SimulatedSystem

from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document
from shopwright.core.types.log import Position
from shopwright.core.types.privacy import PrivacyRequest, Receipt
from shopwright.pipelines.erase_progress import Progress, decode
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.receipts import verify
from shopwright.simulator.faults import Arrival
from shopwright.simulator.webhook import SimulatedWebhook

SHOP = StoreId("pots.myshopify.com")
START_US = 1_790_000_000 * US_PER_SECOND
ANN = {"id": 7, "email": "ann@example.com", "phone": "+44 20 7946 0018"}
BOB = {"id": 8, "email": "bob@example.com", "phone": "+44 20 7946 0018"}
REFUND = {
    "id": 1, "order_id": 1, "created_at": "2026-09-22T10:00:00Z",
    "refund_line_items": [{"line_item_id": 10, "quantity": 1, "subtotal": "12.50"}],
}  # fmt: skip


class SmallShop:
    """A small installation, told of events by hand."""

    def __init__(self) -> None:
        profile = SimpleNamespace(
            domain=SHOP, currency="GBP", season=SimpleNamespace(timezone="Europe/London")
        )
        self.shop = cast("Any", SimpleNamespace(profile=profile, start_us=START_US))
        self.system = ErasingSystem(self.shop, 3)
        self.told = 0

    def tell(self, topic: str, body: dict[str, Any], *, settle: bool = True) -> int:
        """Let one webhook arrive; return how many records the log has now."""
        self.told += 1
        now_us = self.system.clock.now_us() + US_PER_SECOND
        webhook = SimulatedWebhook(
            topic=topic,
            body=json.dumps(body).encode(),
            triggered_us=now_us,
            webhook_id=f"w{self.told}",
            event_id=f"e{self.told}",
        )
        if settle:
            self.system.feed([Arrival(received_us=now_us, webhook=webhook)], batch=1)
            self.system.settle()
        else:
            self.system.clock.set(now_us)
            self.system.receive([Arrival(received_us=now_us, webhook=webhook)])
        return len(self.system.log.read(Position({}), 1_000))

    def order(self, number: int, customer: dict[str, Any] | None, **more: Any) -> int:
        """Tell of an order of two mugs."""
        return self.tell("orders/create", self.body(number, customer, **more))

    def body(self, number: int, customer: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
        """Return the payload of an order of two mugs."""
        at = "2026-09-20T10:00:00Z"
        line = {"id": 10 * number, "product_id": 5, "quantity": 2, "price": "12.50"}
        body = {
            "id": number, "created_at": at, "processed_at": at, "updated_at": at,
            "currency": "GBP", "financial_status": "paid", "line_items": [line],
            "customer": customer,
        }  # fmt: skip
        return body | more

    def order_document(self, number: int) -> Document:
        """Return where the ledger keeps an order."""
        return Document(SHOP, "order", self.who("order", str(number)))

    def sold(self, number: int) -> tuple[int, int]:
        """Return what an order brought and what went back, in minor units."""
        newest = self.system.ledger._orders[self.order_document(number)][-1]
        return newest.gross_minor, newest.refund_minor

    def who(self, kind: str, original_id: str) -> Pseudonym:
        return StoreKeys(self.system.keys).pseudonymiser(SHOP)(kind, original_id)

    def erase(self, finish: bool = True, **who: Any) -> PrivacyRequest:
        """Ask for an erasure at the command line."""
        request = PrivacyRequest(
            request_id=f"{self.told:032x}",
            store_id=SHOP,
            kind="erase_customer",
            origin="redact by test",
            asked_us=self.system.clock.now_us(),
            **who,
        )
        self.system.requests.ask(request)
        if finish:
            self.system.finish_erasures()
        return request

    def receipt(self) -> Receipt:
        return verify(self.system.requests.receipts(SHOP)[-1])

    def progress(self) -> Progress:
        open_ones = self.system.requests.open()
        (stored,) = (stored for request, stored in open_ones if request.kind != "report")
        return decode(stored)

    def orders(self) -> set[bytes]:
        return {
            document.key
            for document, chain in self.system.ledger._orders.items()
            if any(version.customer is not None for version in chain)
        }


def replayed(shop: SmallShop) -> dict[Document, Any]:
    """Return the orders of a ledger that is built anew from the log."""
    again = SimulatedSystem(shop.shop, 3)
    again.keys, again.log = shop.system.keys, shop.system.log
    again.restart()
    again.settle()
    return {
        document: (set(map(msgspec.msgpack.encode, told)), again.ledger._orders[document])
        for document, told in again.ledger._tellings.items()
        if document.kind == "order"
    }


def held(shop: SmallShop) -> dict[Document, Any]:
    ledger = shop.system.ledger
    return {
        document: (set(map(msgspec.msgpack.encode, told)), ledger._orders[document])
        for document, told in ledger._tellings.items()
        if document.kind == "order"
    }
