"""The client against each way in which Shopify can behave; each fault breaks a test here."""

from collections.abc import Callable
from pathlib import Path

import pytest
from simulated_admin import SimulatedAdmin

from shopwright.admin import documents
from shopwright.admin.scopes import REQUESTED
from shopwright.admin.subscriptions import NAME
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.errors import ShopTrouble
from shopwright.pipelines.subscribe import subscribe, unsubscribe
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import HARBOUR_GIFTS, open_store

END_US = 1_790_000_000 * US_PER_SECOND
ADDRESS = "https://here.example.com/webhooks"


@pytest.fixture(scope="module")
def shop() -> Shop:
    return open_store(
        HARBOUR_GIFTS, END_US, 3, Scale(customers=40, days=90, fulfilment_told_share=0)
    )


@pytest.fixture
def make(shop: Shop, tmp_path: Path) -> Callable[..., SimulatedAdmin]:
    def made(scopes: tuple[str, ...] = REQUESTED) -> SimulatedAdmin:
        admin = SimulatedAdmin(shop, 1, tmp_path, scopes)
        admin.happen(list(shop.webhooks()))
        admin.connect()
        return admin

    return made


@pytest.fixture
def admin(make: Callable[..., SimulatedAdmin]) -> SimulatedAdmin:
    return make()


def ask(admin: SimulatedAdmin) -> dict[str, object]:
    return admin.client.ask(admin.store_id, documents.SHOP)


def test_a_question_is_answered(admin: SimulatedAdmin) -> None:
    data = ask(admin)
    assert data["shop"]["currencyCode"] == "GBP"  # type: ignore[index]


def test_a_throttled_question_waits_as_long_as_the_bucket_needs(admin: SimulatedAdmin) -> None:
    ask(admin)
    began_us = admin.clock.now_us()
    admin.api.state.faults.throttled_until_us = began_us + 20 * US_PER_SECOND
    ask(admin)
    assert admin.clock.now_us() >= began_us + 20 * US_PER_SECOND


def test_many_questions_never_meet_a_refusal(admin: SimulatedAdmin) -> None:
    """The client waits for the bucket by itself, from what each answer says of it."""
    search = {"query": "updated_at:>='2020-01-01T00:00:00Z'", "after": None}
    asked = 60
    for _ in range(asked):
        admin.client.ask(admin.store_id, documents.ORDERS_UPDATED, search)
    assert admin.api.asked == asked


def test_a_lost_answer_is_asked_for_again(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.no_answer = 2
    assert ask(admin)["shop"]


def test_an_outage_is_waited_for_and_then_told(admin: SimulatedAdmin) -> None:
    now_us = admin.clock.now_us()
    admin.api.state.faults.down_until_us = now_us + 5 * US_PER_SECOND
    assert ask(admin)["shop"]
    admin.api.state.faults.down_until_us = now_us + US_PER_DAY
    with pytest.raises(ShopTrouble, match="goes on by itself") as failed:
        ask(admin)
    assert failed.value.trouble == "unavailable"
    assert admin.clock.now_us() < now_us + US_PER_DAY


def test_a_token_that_ended_is_renewed_and_the_question_answered(admin: SimulatedAdmin) -> None:
    ask(admin)
    admin.app.expire_access_tokens(admin.clock.now_us())
    assert ask(admin)["shop"]


@pytest.mark.parametrize(
    ("fault", "trouble", "says"),
    [
        ("frozen", "frozen", "a bill is unpaid"),
        ("locked", "locked", "Shopify has locked the shop"),
        ("blocked", "rejected", "turns this machine's address away"),
    ],
)
def test_what_asking_again_cannot_mend_is_told_at_once(
    admin: SimulatedAdmin, fault: str, trouble: str, says: str
) -> None:
    setattr(admin.api.state.faults, fault, True)
    before = admin.api.asked
    with pytest.raises(ShopTrouble, match=says) as failed:
        ask(admin)
    assert failed.value.trouble == trouble
    assert str(admin.store_id) in str(failed.value)
    assert admin.api.asked == before + 1


def test_an_uninstalled_app_is_explained(admin: SimulatedAdmin) -> None:
    admin.app.installed = False
    admin.app.revoke_all()
    admin.app.same_organisation = False
    with pytest.raises(ShopTrouble) as failed:
        ask(admin)
    assert "not installed on the store" in str(failed.value)


def test_a_missing_scope_is_told_apart(make: Callable[..., SimulatedAdmin]) -> None:
    admin = make(("read_products",))
    with pytest.raises(ShopTrouble, match="not granted") as failed:
        admin.client.ask(admin.store_id, documents.ORDERS_COUNT, {"query": None})
    assert failed.value.trouble == "scope"


def test_without_all_orders_only_sixty_days_are_seen(
    make: Callable[..., SimulatedAdmin], shop: Shop
) -> None:
    everything = make()
    limited = make(tuple(one for one in REQUESTED if one != "read_all_orders"))
    seen = [one.backfill.count(one.store_id, "orders", "") or 0 for one in (everything, limited)]
    assert 0 < seen[1] < seen[0]


def test_a_question_that_shopify_does_not_know_is_our_mistake(admin: SimulatedAdmin) -> None:
    with pytest.raises(ShopTrouble) as failed:
        admin.client.ask(admin.store_id, "{ shop { favouriteColour } }")
    assert failed.value.trouble == "invalid"


def test_user_errors_are_failures(admin: SimulatedAdmin) -> None:
    asked = {"topic": "ORDERS_CREATE", "subscription": {"uri": "ftp://x", "format": "JSON"}}
    with pytest.raises(ShopTrouble, match="is not supported") as failed:
        admin.client.change(
            admin.store_id, documents.CREATE_SUBSCRIPTION, asked, "webhookSubscriptionCreate"
        )
    assert failed.value.trouble == "refused"


def test_the_version_that_answered_is_told(admin: SimulatedAdmin) -> None:
    served: list[str] = []
    admin.client._on_served = lambda _store, version: served.append(version)
    ask(admin)
    admin.client._version_of = lambda _store: "2024-01"
    ask(admin)
    assert served == ["2026-10", "2026-01"]


def test_subscriptions_are_made_once_and_mended(admin: SimulatedAdmin) -> None:
    state = admin.api.state.subscriptions
    made = subscribe(admin.client, admin.store_id, admin.app.scopes, ADDRESS)
    assert len(made.create) == len(state.all()) >= 14
    assert subscribe(admin.client, admin.store_id, admin.app.scopes, ADDRESS).is_done
    state.delete(state.all()[0].number)
    assert len(subscribe(admin.client, admin.store_id, admin.app.scopes, ADDRESS).create) == 1


def test_subscriptions_move_with_our_address_and_others_are_left_alone(
    admin: SimulatedAdmin,
) -> None:
    state = admin.api.state.subscriptions
    theirs = state.create(
        "ORDERS_CREATE", {"uri": "https://other.example.com"}, version="2026-10", now_us=0
    )
    subscribe(admin.client, admin.store_id, admin.app.scopes, ADDRESS)
    moved = subscribe(
        admin.client, admin.store_id, admin.app.scopes, "https://new.example.com/webhooks"
    )
    assert len(moved.move) == len(state.all()) - 1
    assert {one.uri for one in state.all() if one.name == NAME} == {
        "https://new.example.com/webhooks"
    }
    gone = unsubscribe(admin.client, admin.store_id, "https://new.example.com/webhooks")
    assert gone == len(moved.move)
    assert list(state.all()) == [theirs]


def test_a_topic_whose_scope_is_missing_is_not_asked_for(
    make: Callable[..., SimulatedAdmin],
) -> None:
    admin = make(("read_orders", "read_customers"))
    made = subscribe(admin.client, admin.store_id, admin.app.scopes, ADDRESS)
    assert "PRODUCTS_UPDATE" not in made.create
    assert "APP_UNINSTALLED" in made.create
