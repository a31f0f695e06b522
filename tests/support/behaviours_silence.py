"""What happens in a shop without anybody being told."""

from typing import Any

import msgspec
import pytest
from behaviour import ADDRESS, Behaviour, happen, look, sold, stamp, whole
from rough_road import in_order
from simulated_admin import SimulatedAdmin

from shopwright.admin import subscriptions
from shopwright.events import admin_level
from shopwright.pipelines import (
    compare_ids,
    reconcile,
    reconcile_stock,
    subscribe,
)
from shopwright.simulator.webhook import SimulatedWebhook


def lost_update(admin: SimulatedAdmin) -> None:
    whole(admin)
    order = next(one for one in admin.holdings._orders.payloads() if one["customer"])
    happen(admin, "orders/updated", order | {"updated_at": stamp(admin)})
    assert look(admin)["orders"] == 1
    assert admin.audit() == {}


def believes_everything_is_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "_is_told", lambda *_: True)


def hundred_variants(admin: SimulatedAdmin) -> None:
    whole(admin)
    product = admin.holdings._products.payloads()[0]
    first = product["variants"][0]
    many = [
        first | {"id": first["id"] + n, "sku": f"S{n}", "inventory_item_id": 10**12 + n}
        for n in range(120)
    ]
    told = product | {"updated_at": stamp(admin), "variants": many}
    happen(admin, "products/update", told)
    cut = SimulatedWebhook(
        topic="products/update",
        body=msgspec.json.encode(told | {"variants": many[:100]}),
        triggered_us=admin.clock.now_us(),
        webhook_id="cut",
        event_id="cut",
    )
    admin.system.receive(in_order([cut]))
    admin.system.settle()
    look(admin)
    assert {key for key in admin.audit() if key.startswith("products")} == set()


def a_hundred_is_all(patch: pytest.MonkeyPatch) -> None:
    is_told = reconcile._is_told
    patch.setattr(reconcile, "_is_told", lambda told, at_us, _variants: is_told(told, at_us, 0))


def deleted_in_silence(admin: SimulatedAdmin) -> None:
    whole(admin)
    admin.holdings._orders.remove(sold(admin)["id"])
    admin.clock.sleep(2 * 86_400)
    admin.compare()
    assert admin.audit() == {}


def keeps_what_is_gone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(compare_ids.Comparison, "_orders_gone", lambda *_: None)


def merged_in_silence(admin: SimulatedAdmin) -> None:
    whole(admin)
    people = [one["customer"]["id"] for one in admin.holdings._orders.payloads() if one["customer"]]
    gone, kept, *_ = dict.fromkeys(people)
    body = {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{gone}",
        "status": "completed",
    }
    happen(admin, "customers/merge", body)
    admin.clock.sleep(2 * 86_400)
    admin.compare()
    assert admin.audit() == {}


def two_people_stay_two(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(compare_ids.Comparison, "_owners", lambda *_: (0, 0))


def stock_moves_in_silence(admin: SimulatedAdmin) -> None:
    whole(admin)
    item = next(iter(admin.holdings.stock.items()))
    level = {"inventory_item_id": item, "location_id": 1, "available": 777}
    happen(admin, "inventory_levels/update", level | {"updated_at": stamp(admin)})
    look(admin)
    assert admin.audit() == {}


def never_looks_at_shelves(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile_stock.StockLook, "_lacking", lambda *_: [])


def taken_off_the_shelf(admin: SimulatedAdmin) -> None:
    whole(admin)
    item = next(iter(admin.holdings.stock.items()))
    admin.clock.sleep(5)
    body = {"inventory_item_id": item, "location_id": 1, "updated_at": stamp(admin)}
    happen(admin, "inventory_levels/disconnect", body)
    look(admin)
    assert admin.audit() == {}


def inactive_is_active(patch: pytest.MonkeyPatch) -> None:
    def available(one: Any) -> int | None:
        return next((each.quantity for each in one.quantities), None)

    patch.setattr(admin_level, "_available", available)


def subscription_removed(admin: SimulatedAdmin) -> None:
    subscribe.subscribe(admin.client, admin.store_id, admin.app.scopes, ADDRESS)
    there = admin.api.state.subscriptions
    for one in list(there.all())[:5]:
        there.delete(one.number)
    subscribe.subscribe(admin.client, admin.store_id, admin.app.scopes, ADDRESS)
    wanted = _delivered_names(subscriptions.wanted(admin.app.scopes))
    assert {one.topic for one in there.all()} == set(wanted)


def _delivered_names(topics: tuple[str, ...]) -> list[str]:
    from shopwright.simulator.admin.topics import TOPIC_NAMES

    return [TOPIC_NAMES[topic] for topic in topics]


def subscribes_once(patch: pytest.MonkeyPatch) -> None:
    done: list[bool] = []
    create = subscribe._create

    def first_time(client: Any, store_id: Any, topic: str, address: str) -> None:
        if len(done) < len(subscriptions.TOPICS):
            done.append(True)
            create(client, store_id, topic, address)

    patch.setattr(subscribe, "_create", first_time)


BEHAVIOURS = (
    Behaviour("a webhook is lost", lost_update, believes_everything_is_told),
    Behaviour("a product webhook has a hundred variants", hundred_variants, a_hundred_is_all),
    Behaviour("an order is deleted and nobody told", deleted_in_silence, keeps_what_is_gone),
    Behaviour("people are merged and nobody told", merged_in_silence, two_people_stay_two),
    Behaviour("stock changes and nobody told", stock_moves_in_silence, never_looks_at_shelves),
    Behaviour("a level becomes inactive", taken_off_the_shelf, inactive_is_active),
    Behaviour("failing subscriptions are removed", subscription_removed, subscribes_once),
)
