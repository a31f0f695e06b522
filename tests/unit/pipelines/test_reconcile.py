"""What no webhook told is found: updates at the next look, what is gone at the next comparison."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from simulated_admin import SimulatedAdmin

from shopwright.admin.scopes import REQUESTED
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, iso
from shopwright.core.errors import ShopTrouble
from shopwright.core.types.ledger import Document
from shopwright.simulator.faults import Arrival
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import HARBOUR_GIFTS, open_store
from shopwright.simulator.webhook import SimulatedWebhook

END_US = 1_790_000_000 * US_PER_SECOND


@pytest.fixture(scope="module")
def shop() -> Shop:
    return open_store(
        HARBOUR_GIFTS, END_US, 9, Scale(customers=60, days=120, fulfilment_told_share=0)
    )


@pytest.fixture
def admin(shop: Shop, tmp_path: Path) -> SimulatedAdmin:
    return _taken_in(shop, tmp_path)


def _taken_in(shop: Shop, folder: Path, scopes: tuple[str, ...] = REQUESTED) -> SimulatedAdmin:
    admin = SimulatedAdmin(shop, 1, folder, scopes)
    admin.happen(list(shop.webhooks()))
    admin.connect()
    admin.take_in()
    return admin


def tell(admin: SimulatedAdmin, topic: str, body: dict[str, Any], *, arrives: bool) -> None:
    """Let something happen in the shop; its webhook arrives here, or is lost."""
    now_us = admin.clock.now_us()
    webhook = SimulatedWebhook(
        topic=topic,
        body=msgspec.json.encode(body),
        triggered_us=now_us,
        webhook_id=f"{topic} {now_us}",
        event_id=f"{topic} {now_us}",
    )
    admin.happen([webhook])
    if arrives:
        admin.system.receive([Arrival(received_us=now_us, webhook=webhook)])
        admin.system.settle()
    admin.clock.sleep(600)


def now(admin: SimulatedAdmin) -> str:
    return iso(admin.clock.now_us())[:19] + "Z"


def test_nothing_is_missing_when_everything_was_told(admin: SimulatedAdmin) -> None:
    ends = dict(admin.system.log.end())
    found = admin.reconcile(admin.shop.start_us)
    assert sum(found.looked_at.values()) > 100
    assert set(found.missing.values()) == {0}
    assert dict(admin.system.log.end()) == ends


def test_a_lost_update_is_found_at_the_next_look(admin: SimulatedAdmin) -> None:
    order = next(
        one
        for one in admin.holdings._orders.payloads()
        if one["customer"] and not one["test"] and one["financial_status"] == "paid"
    )
    changed = order | {"cancelled_at": now(admin), "updated_at": now(admin)}
    tell(admin, "orders/updated", changed, arrives=False)
    assert admin.audit() == {"orders other": 1}
    found = admin.reconcile(admin.clock.now_us() - 3_600 * US_PER_SECOND)
    assert found.missing["orders"] == 1
    assert admin.audit() == {}
    again = admin.reconcile(admin.clock.now_us() - 3_600 * US_PER_SECOND)
    assert set(again.missing.values()) == {0}


def test_an_update_that_could_not_be_fetched_is_not_passed_over(admin: SimulatedAdmin) -> None:
    """The look fails as a whole: whoever moved their mark on would never come back to it."""
    order = next(one for one in admin.holdings._orders.payloads() if one["customer"])
    changed = order | {"cancelled_at": now(admin), "updated_at": now(admin)}
    tell(admin, "orders/updated", changed, arrives=False)
    admin.api.state.faults.bulk_fails = 100
    since_us = admin.clock.now_us() - 3_600 * US_PER_SECOND
    with pytest.raises(ShopTrouble, match="could not be fetched"):
        admin.reconcile(since_us)
    admin.api.state.faults.bulk_fails = 0
    assert admin.reconcile(since_us).missing["orders"] == 1
    assert admin.audit() == {}


def _large_product(admin: SimulatedAdmin, title: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a product of 130 variants, whole and as its webhook tells it."""
    product = admin.holdings._products.payloads()[0]
    first = product["variants"][0]
    variants = [
        first | {"id": first["id"] + n, "sku": f"SKU-{n}", "inventory_item_id": 10**12 + n}
        for n in range(130)
    ]
    gids = [
        {"admin_graphql_api_id": f"gid://shopify/ProductVariant/{one['id']}", "updated_at": "x"}
        for one in variants
    ]
    whole = product | {"title": title, "updated_at": now(admin), "variants": variants}
    whole["variant_gids"] = gids
    return whole, whole | {"variants": variants[:100]}


def test_a_product_of_many_variants_is_completed_and_stays_whole(admin: SimulatedAdmin) -> None:
    whole, told = _large_product(admin, "Many")
    admin.happen([_product(admin, whole)])
    _arrive(admin, told)
    assert len(_variants(admin, whole)) < 130
    admin.clock.sleep(600)
    assert admin.reconcile(admin.clock.now_us() - 3_600 * US_PER_SECOND).missing["products"] == 1
    assert len(_variants(admin, whole)) == 130
    # The next webhook tells a hundred again: what it leaves untold stays as it was.
    admin.clock.sleep(600)
    whole, told = _large_product(admin, "Still many")
    admin.happen([_product(admin, whole)])
    _arrive(admin, told)
    assert len(_variants(admin, whole)) == 130


def test_an_order_that_was_deleted_in_silence_is_found(admin: SimulatedAdmin) -> None:
    valid = [one for one in admin.holdings._orders.payloads() if one["financial_status"] == "paid"]
    gone = valid[len(valid) // 2]
    admin.holdings._orders.remove(gone["id"])
    admin.clock.sleep(2 * US_PER_DAY / US_PER_SECOND)
    assert admin.compare().gone["orders"] == 1
    assert admin.audit() == {}
    assert admin.compare().gone["orders"] == 0


def test_what_is_out_of_sight_is_not_deleted(shop: Shop, tmp_path: Path) -> None:
    admin = _taken_in(shop, tmp_path)
    held = len(admin.system.ledger._orders)
    admin.app.scopes = frozenset(one for one in REQUESTED if one != "read_all_orders")
    admin.app.expire_access_tokens(admin.clock.now_us())
    visible_us = admin.clock.now_us() - 60 * US_PER_DAY
    found = admin.comparison.run(admin.store_id, admin.app.scopes, visible_us)
    admin.system.settle()
    assert 0 < found.listed["orders"] < held
    assert found.gone["orders"] == 0
    assert admin.audit() == {}


def test_a_list_that_is_not_whole_deletes_nothing(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.bulk_drops = 100
    ends = dict(admin.system.log.end())
    with pytest.raises(ShopTrouble, match="is not whole"):
        admin.compare()
    assert dict(admin.system.log.end()) == ends


def test_a_merge_that_was_lost_is_found(admin: SimulatedAdmin) -> None:
    who = [one["customer"]["id"] for one in admin.holdings._orders.payloads() if one["customer"]]
    gone = dict.fromkeys(who)
    first, kept = list(gone)[:2]
    body = {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{first}",
        "status": "completed",
    }
    tell(admin, "customers/merge", body, arrives=False)
    admin.clock.sleep(2 * US_PER_DAY / US_PER_SECOND)
    assert admin.compare().merged == 1
    assert admin.audit() == {}
    assert admin.compare().merged == 0


def test_who_comes_while_history_is_read_is_no_mismatch(admin: SimulatedAdmin) -> None:
    ask = admin.port.ask
    number = 5 * 10**12

    def busy(*args: Any) -> Any:
        nonlocal number
        number += 1
        template = admin.holdings._customers.payloads()[0]
        admin.holdings._customers.put(template | {"id": number, "created_at": now(admin)})
        return ask(*args)

    admin.port.ask = busy  # type: ignore[method-assign]
    admin.slices.forget(admin.store_id)
    assert {one.state for one in admin.take_in()} == {"proven"}


def _product(admin: SimulatedAdmin, body: dict[str, Any]) -> SimulatedWebhook:
    now_us = admin.clock.now_us()
    return SimulatedWebhook(
        topic="products/update",
        body=msgspec.json.encode(body),
        triggered_us=now_us,
        webhook_id=f"p{now_us}",
        event_id=f"p{now_us}",
    )


def _arrive(admin: SimulatedAdmin, body: dict[str, Any]) -> None:
    webhook = _product(admin, body)
    admin.system.receive([Arrival(received_us=webhook.triggered_us, webhook=webhook)])
    admin.system.settle()


def _variants(admin: SimulatedAdmin, product: dict[str, Any]) -> tuple[Any, ...]:
    document = Document(admin.store_id, "product", str(product["id"]).encode())
    return tuple(admin.system.ledger._products[document][-1].variants)
