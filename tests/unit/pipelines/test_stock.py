"""Stock is held as it is in the shop, whether a webhook told it, a backfill or the next look."""

from pathlib import Path

import msgspec
import pytest
from rough_road import in_order
from simulated_admin import SimulatedAdmin

from shopwright.core.clock import US_PER_SECOND, iso
from shopwright.events import stock
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import HARBOUR_GIFTS, open_store
from shopwright.simulator.webhook import SimulatedWebhook

END_US = 1_790_000_000_000_000
SCALE = Scale(customers=15, days=60, fulfilment_told_share=0)


@pytest.fixture
def admin(tmp_path: Path) -> SimulatedAdmin:
    made = SimulatedAdmin(open_store(HARBOUR_GIFTS, END_US, 4, SCALE), 4, tmp_path)
    made.happen(list(made.shop.webhooks()))
    made.connect()
    return made


def moved(admin: SimulatedAdmin, topic: str, item: int, place: int, units: int | None) -> None:
    """Let the shop change a level and tell nobody."""
    at = iso(admin.clock.now_us())
    body = {"inventory_item_id": item, "location_id": place, "updated_at": at, "available": units}
    admin.happen(
        [
            SimulatedWebhook(
                topic=topic,
                body=msgspec.json.encode(body),
                triggered_us=admin.clock.now_us(),
                webhook_id=f"{item}:{place}:{at}",
                event_id="e",
            )
        ]
    )


def held(admin: SimulatedAdmin, item: int) -> dict[str, int | None]:
    document = stock.now_of(admin.store_id, str(item))
    told = admin.system.ledger.tellings([document]).get(document, ())
    return {place: level.available for place, level in stock.levels(told).items()}


def test_a_backfill_takes_every_level_in(admin: SimulatedAdmin) -> None:
    (shelves,) = (one for one in admin.take_in() if one.kind == "inventoryItems")
    assert shelves.state == "proven"
    assert shelves.read_count > 50
    assert admin.audit() == {}


def test_webhooks_and_a_backfill_tell_the_same(admin: SimulatedAdmin, tmp_path: Path) -> None:
    by_webhook = SimulatedAdmin(open_store(HARBOUR_GIFTS, END_US, 4, SCALE), 4, tmp_path / "b")
    webhooks = list(by_webhook.shop.webhooks())
    by_webhook.happen(webhooks)
    by_webhook.system.receive(in_order(webhooks))
    by_webhook.system.settle()
    assert by_webhook.audit() == {}
    admin.take_in()
    for item in admin.holdings.stock.items():
        assert held(admin, item) == held(by_webhook, item)


def test_a_change_that_nobody_told_is_found_at_the_next_look(admin: SimulatedAdmin) -> None:
    admin.take_in()
    since_us = admin.clock.now_us()
    admin.clock.sleep(3_600.0)
    one, two, *_ = admin.holdings.stock.items()
    moved(admin, "inventory_levels/update", one, 2, -3)
    moved(admin, "inventory_levels/disconnect", two, 1, None)
    assert admin.audit() == {"levels other": 2}
    admin.clock.sleep(600.0)
    found = admin.reconcile(since_us)
    assert found.missing["inventoryItems"] == 2
    assert admin.audit() == {}
    assert held(admin, one)["2"] == -3
    assert held(admin, two)["1"] is None
    assert admin.reconcile(since_us).missing["inventoryItems"] == 0


def test_a_late_webhook_does_not_undo_a_newer_level(admin: SimulatedAdmin) -> None:
    admin.take_in()
    item = next(iter(admin.holdings.stock.items()))
    before = held(admin, item)
    old = {
        "inventory_item_id": item,
        "location_id": 1,
        "available": 12_345,
        "updated_at": iso(admin.shop.start_us - 5 * US_PER_SECOND),
    }
    late = SimulatedWebhook(
        topic="inventory_levels/update",
        body=msgspec.json.encode(old),
        triggered_us=admin.clock.now_us(),
        webhook_id="late",
        event_id="e",
    )
    admin.system.receive(in_order([late]))
    admin.system.settle()
    assert held(admin, item) == before


def test_without_the_scope_for_places_nothing_is_asked(admin: SimulatedAdmin) -> None:
    admin.take_in()
    scopes = admin.app.scopes - {"read_locations"}
    found = admin.reconciler.run(admin.store_id, scopes, admin.clock.now_us())
    assert found.looked_at["inventoryItems"] == 0
