"""The same order gives the same ledger rows, bit for bit, whichever way it came."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from shopwright.adapters.sealed_spool import SealedSpool
from shopwright.admin.documents import bulk_query
from shopwright.core.clock import SimulatedClock
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import OrderFact
from shopwright.core.types.store import Store
from shopwright.events import order_chain, product_chain, shopify
from shopwright.pipelines.bulk_file import BulkFile
from shopwright.simulator.admin.bulk import BulkQuery
from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.admin.schema import schema
from shopwright.simulator.profile import StoreProfile
from shopwright.simulator.stores import PROFILES, open_store

END_US = 1_790_000_000_000_000
_packed = msgspec.msgpack.Encoder().encode


def pseudonymise(kind: str, original_id: str) -> Pseudonym:
    return Pseudonym(f"{kind}:{original_id}".encode())


class Told:
    """Everything that one shop holds, read both ways."""

    def __init__(self, profile: StoreProfile, folder: Path) -> None:
        shop = open_store(profile, END_US, 11, "fast")
        self.store = Store(
            store_id=StoreId(profile.domain),
            currency=profile.currency,
            timezone=profile.season.timezone,
            added_us=0,
        )
        holdings = Holdings()
        holdings.tell_all(shop.webhooks())
        self.orders = holdings._orders._payloads
        self.products = holdings._products._payloads
        self.from_api = {
            kind: self._bulk(kind, list(getattr(holdings, kind)()), folder)
            for kind in ("orders", "products")
        }

    def _bulk(self, kind: str, nodes: list[Any], folder: Path) -> dict[str, bytes]:
        """Return the bodies that a bulk operation gives when its lines come in any order."""
        lines = [line for _, line in BulkQuery(schema(), bulk_query(kind, "")).lines(iter(nodes))]
        np.random.default_rng(5).shuffle(lines)
        text = b"\n".join(lines)
        file = BulkFile(SealedSpool(folder))
        file.fetch(lambda first: iter([text[first:]]), SimulatedClock(0))
        found = {root.id.rpartition("/")[2]: root.body for root in file.nodes()}
        file.close()
        return found

    def read(self, topic: str, body: bytes) -> Telling:
        (fact,) = shopify.read(
            topic, body, self.store, pseudonymise, triggered_us=None, received_us=0
        )
        return fact


@pytest.fixture(scope="module", params=PROFILES, ids=lambda profile: profile.domain)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(request.param, tmp_path_factory.mktemp("spool"))


def test_an_order_by_webhook_and_by_bulk_operation_is_one_row(told: Told) -> None:
    seen: Counter[str] = Counter()
    assert told.from_api["orders"].keys() == {str(number) for number in told.orders}
    for number, payload in told.orders.items():
        by_webhook = told.read("orders/updated", msgspec.json.encode(payload))
        by_bulk = told.read("admin/order", told.from_api["orders"][str(number)])
        assert isinstance(by_webhook, OrderFact)
        assert by_bulk == by_webhook
        rows = [
            _packed(order_chain.chain(told.store.store_id, by_webhook.order, [fact], []))
            for fact in (by_webhook, by_bulk)
        ]
        assert rows[0] == rows[1]
        seen.update(_traits(payload))
    # What this compared is worth something only if the hard cases are among it.
    for trait in ("edited", "refunded", "cancelled", "gift card", "discounted", "guest", "test"):
        assert seen[trait], f"{told.store.store_id}: no order is {trait}"


def test_both_tellings_of_an_order_together_change_nothing(told: Told) -> None:
    for number, payload in told.orders.items():
        by_webhook = told.read("orders/updated", msgspec.json.encode(payload))
        by_bulk = told.read("admin/order", told.from_api["orders"][str(number)])
        assert isinstance(by_webhook, OrderFact)
        alone = order_chain.chain(told.store.store_id, by_webhook.order, [by_webhook], [])
        both = order_chain.chain(told.store.store_id, by_webhook.order, [by_bulk, by_webhook], [])
        assert both == alone


def test_a_product_by_webhook_and_by_bulk_operation_is_one_row(told: Told) -> None:
    assert told.from_api["products"].keys() == {str(number) for number in told.products}
    for number, payload in told.products.items():
        by_webhook = told.read("products/update", msgspec.json.encode(payload))
        by_bulk = told.read("admin/product", told.from_api["products"][str(number)])
        rows = [
            _packed(product_chain.chain(told.store.store_id, str(number), [fact]))
            for fact in (by_webhook, by_bulk)
        ]
        assert rows[0] == rows[1]


def _traits(payload: dict[str, Any]) -> set[str]:
    lines = payload["line_items"]
    refunded = sum(line["quantity"] for r in payload["refunds"] for line in r["refund_line_items"])
    gone = sum(line["quantity"] - line["current_quantity"] for line in lines)
    found = {
        "edited": gone > refunded,
        "refunded": refunded > 0,
        "cancelled": payload["cancelled_at"] is not None,
        "gift card": any(line["gift_card"] for line in lines),
        "discounted": any(line["discount_allocations"] for line in lines),
        "guest": payload["customer"] is None,
        "test": payload["test"],
    }
    return {name for name, is_so in found.items() if is_so}


def test_what_an_export_tells_in_part_is_gone_once_the_order_is_told_whole(told: Told) -> None:
    """As if the file had never been read, in whatever order the two came."""
    for payload in list(told.orders.values())[:400]:
        whole = told.read("orders/updated", msgspec.json.encode(payload))
        assert isinstance(whole, OrderFact)
        part = replace(
            whole,
            customer=Pseudonym(b"customer:ann@example.com"),
            updated_us=whole.updated_us + 5,
            lines=tuple(replace(line, gross_minor=1) for line in whole.lines),
            refunds=(),
            partial=True,
        )
        alone = order_chain.chain(told.store.store_id, whole.order, [whole], [])
        for both in ([part, whole], [whole, part]):
            gathered = order_chain.gather(both[:1], both[1:])
            assert order_chain.chain(told.store.store_id, whole.order, gathered, []) == alone
        in_part = order_chain.chain(told.store.store_id, whole.order, [part], [])
        assert in_part[-1].customer == part.customer
