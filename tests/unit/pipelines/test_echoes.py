"""What our own writes make Shopify tell is taken in, and changes nothing that we know.

A metafield that is written on a product sends ``products/update`` with nothing new in it but
``updated_at``; a customer's sends ``customers/update``.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from asked_shop import DELETE, SET, wanted
from simulated_admin import SimulatedAdmin

from shopwright.admin.scopes import REQUESTED
from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.ledger import Document
from shopwright.events.instant import instant_us
from shopwright.simulator.faults import Arrival
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import HARBOUR_GIFTS, open_store
from shopwright.simulator.webhook import SimulatedWebhook

END_US = 1_790_000_000 * US_PER_SECOND


@pytest.fixture(scope="module")
def shop() -> Shop:
    return open_store(
        HARBOUR_GIFTS, END_US, 9, Scale(customers=30, days=60, fulfilment_told_share=0)
    )


@pytest.fixture
def admin(shop: Shop, tmp_path: Path) -> SimulatedAdmin:
    admin = SimulatedAdmin(shop, 1, tmp_path, (*REQUESTED, "write_products", "write_customers"))
    admin.happen(list(shop.webhooks()))
    admin.connect()
    admin.take_in()
    admin.clock.sleep(3_600)
    return admin


def write(admin: SimulatedAdmin, *owners: str, value: str = "[1]") -> list[SimulatedWebhook]:
    """Write a metafield on each; return what the shop tells because of that."""
    given = [wanted(owner, value) for owner in owners]
    return _ask(admin, SET, given, "metafieldsSet")


def _ask(admin: SimulatedAdmin, document: str, given: Any, field: str) -> list[SimulatedWebhook]:
    answer = admin.client.ask(admin.store_id, document, {"metafields": given})
    assert answer[field]["userErrors"] == []
    return admin.api.caused(admin.clock.now_us())


def take_in(admin: SimulatedAdmin, webhooks: list[SimulatedWebhook]) -> None:
    """Let webhooks arrive, and work until nothing is left to do."""
    now_us = admin.clock.now_us()
    admin.system.receive([Arrival(received_us=now_us, webhook=one) for one in webhooks])
    admin.system.settle()


def body(webhook: SimulatedWebhook) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(webhook.body)
    return found


def known(admin: SimulatedAdmin) -> Any:
    """Return every version of every order and product that the ledger has."""
    ledger = admin.system.ledger
    return {
        name: {document: list(versions) for document, versions in held.items()}
        for name, held in (("orders", ledger._orders), ("products", ledger._products))
    }


def owners(admin: SimulatedAdmin) -> tuple[list[str], list[str]]:
    return (
        [one["id"] for one in admin.holdings.products()],
        [one["id"] for one in admin.holdings.customers()],
    )


def test_an_echo_says_nothing_new_but_when(admin: SimulatedAdmin) -> None:
    (product, *_), (customer, *_) = owners(admin)
    payloads = {
        "products/update": admin.holdings._products.payload(int(product.rpartition("/")[2])),
        "customers/update": admin.holdings._customers.payload(int(customer.rpartition("/")[2])),
    }
    told = write(admin, product, customer)
    assert sorted(one.topic for one in told) == ["customers/update", "products/update"]
    for one in told:
        before = payloads[one.topic]
        assert before is not None
        told_us = instant_us(body(one)["updated_at"])
        assert told_us == admin.clock.now_us() // US_PER_SECOND * US_PER_SECOND
        assert body(one) | {"updated_at": before["updated_at"]} == before
        # It is written as all the others are: in the shop's own time.
        assert len(body(one)["updated_at"]) == len(before["updated_at"]) == 25
        assert one.triggered_us == admin.clock.now_us()
    assert len({one.webhook_id for one in told} | {one.event_id for one in told}) == 4


def test_the_ledger_does_not_change_by_our_own_echoes(admin: SimulatedAdmin) -> None:
    products, customers = owners(admin)
    before, ends = known(admin), dict(admin.system.log.end())
    assert len(before["products"]) == len(products) > 10
    take_in(admin, write(admin, *products[:20]))
    admin.clock.sleep(60)
    take_in(admin, write(admin, *customers[:5], *products[:5], value="[2]"))
    assert dict(admin.system.log.end()) != ends
    assert known(admin) == before
    assert admin.audit() == {}


def test_reconciliation_misses_nothing_after_the_echo_and_something_without(
    admin: SimulatedAdmin,
) -> None:
    products, customers = owners(admin)
    since_us = admin.clock.now_us()
    before = known(admin)
    told = write(admin, *products[:3], *customers[:2])
    admin.clock.sleep(600)
    take_in(admin, told)
    found = admin.reconcile(since_us)
    assert found.looked_at["products"] == 3
    assert found.looked_at["customers"] == 2
    assert set(found.missing.values()) == {0}
    # Lost echoes are found as any lost update is; what they bring changes nothing either.
    since_us = admin.clock.now_us()
    write(admin, *products[:3], value="[2]")
    admin.clock.sleep(600)
    assert admin.reconcile(since_us).missing["products"] == 3
    assert set(admin.reconcile(since_us).missing.values()) == {0}
    assert known(admin) == before


def test_a_real_change_is_still_seen_through_echoes(admin: SimulatedAdmin) -> None:
    """An echo may come before or after a change that happened beside it."""
    (product, *_), _ = owners(admin)
    number = int(product.rpartition("/")[2])
    payload = admin.holdings._products.payload(number)
    assert payload is not None
    admin.clock.sleep(60)
    first = write(admin, product)
    changed = body(first[0]) | {"title": "Another title"}
    real = SimulatedWebhook(
        topic="products/update",
        body=msgspec.json.encode(changed),
        triggered_us=admin.clock.now_us() + US_PER_SECOND,
        webhook_id="real",
        event_id="real",
    )
    admin.happen([real])
    admin.clock.sleep(60)
    last = write(admin, product, value="[2]")
    take_in(admin, [*last, real, *first])
    document = Document(admin.store_id, "product", str(number).encode())
    titles = [version.title for version in admin.system.ledger._products[document]]
    assert titles == [payload["title"], "Another title"]
    assert admin.audit() == {}


def test_what_stays_as_it_is_has_no_echo_and_a_deletion_has_one(admin: SimulatedAdmin) -> None:
    (product, *_), _ = owners(admin)
    assert len(write(admin, product)) == 1
    assert write(admin, product) == []
    name = [{"ownerId": product, "namespace": "$app", "key": "score"}]
    assert len(_ask(admin, DELETE, name, "metafieldsDelete")) == 1
    assert _ask(admin, DELETE, name, "metafieldsDelete") == []


def test_a_variant_tells_of_its_product_and_the_shop_of_nothing(admin: SimulatedAdmin) -> None:
    product = next(iter(admin.holdings.products()))
    (told,) = write(admin, product["variants"][0]["id"], "gid://shopify/Shop/1")
    assert body(told)["admin_graphql_api_id"] == product["id"]
