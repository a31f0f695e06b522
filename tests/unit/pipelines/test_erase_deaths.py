"""An erasure that dies once, at each of all the places where it can: between any two port calls.

Every place is tried, so nothing here is left to chance. A failure names the call at which it died.
"""

from typing import Any

import pytest
from erasing_system import holds
from made_model import published_form
from small_shop import ANN, BOB, REFUND, SHOP, SmallShop, held, replayed

from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.log import Position
from shopwright.privacy.receipts import verify

NEVER = 1_000_000
CLEO = {"id": 9, "email": "cleo@example.com"}
MERGE = {
    "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/7",
    "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/9",
    "status": "completed",
}
REDACT = {"shop_domain": SHOP, "customer": ANN, "orders_to_redact": [6]}
TEXTS = (b"ann@", b"cleo@", b'"id": 7', b'"id": 9')


def lived() -> SmallShop:
    """Return a shop with all that can be one person's: customers, merges, guests, shared orders."""
    shop = SmallShop()
    shop.system.removal = shop.system.registry
    shop.system.restart()
    shop.order(1, ANN)
    shop.tell("refunds/create", REFUND)
    shop.order(2, CLEO)
    shop.tell("customers/merge", MERGE)
    shop.order(3, None, email="Ann@example.com")
    shop.tell("checkouts/create", {"id": 4, "email": "cleo@example.com"})
    shop.order(5, ANN)
    shop.order(5, BOB, updated_at="2026-09-21T10:00:00Z")
    shop.order(6, None)
    shop.order(17, BOB)
    shop.tell("customers/data_request", {"shop_domain": SHOP, "customer": ANN})
    shop.system.registry.publish(*published_form(seed=1))
    return shop


def erased_dying_at(call: int, topic: str, body: dict[str, Any]) -> tuple[SmallShop, int]:
    """Return the shop after an erasure that died once, and how many calls there were."""
    shop = lived()
    shop.system.countdown._left = call
    shop.tell(topic, body)
    shop.system.finish_erasures()
    return shop, call - shop.system.countdown._left


def people_of(shop: SmallShop) -> list[Pseudonym]:
    contacts = [shop.who("contact", text) for text in ("ann@example.com", "cleo@example.com")]
    guests = [shop.who("checkout", "4")]
    return [shop.who("customer", "7"), shop.who("customer", "9"), *contacts, *guests]


def calls_of(topic: str, body: dict[str, Any]) -> int:
    shop, calls = erased_dying_at(NEVER, topic, body)
    assert shop.system.countdown.crashes == 0
    return calls


def test_s20_s21_s22_a_death_between_any_two_calls_leaves_nothing_of_the_person() -> None:
    people = people_of(lived())
    calls = calls_of("customers/redact", REDACT)
    assert calls > 150
    before = lived()
    assert all(holds(list(before.system.leaves()), who) for who in people)
    bobs = before.system.ledger._orders[before.order_document(17)]
    sold = {n: before.sold(n) for n in (1, 2, 3, 5, 6, 17)}
    stones: set[tuple[str, ...]] = set()
    for call in range(1, calls + 1):
        shop, _ = erased_dying_at(call, "customers/redact", REDACT)
        assert shop.system.countdown.crashes == 1, f"call {call}"
        leaves = list(shop.system.leaves())
        assert not [who for who in people if holds(leaves, who)], f"call {call}"
        bodies = list(shop.system.bodies())
        assert not [body for body in bodies if any(text in body for text in TEXTS)], f"call {call}"
        assert [body for body in bodies if b"bob@" in body]
        assert replayed(shop) == held(shop), f"call {call}"
        assert {n: shop.sold(n) for n in sold} == sold, f"call {call}: the sales stay"
        assert shop.system.ledger._orders[shop.order_document(17)] == bobs, f"call {call}"
        assert shop.system.requests.open() == (), f"call {call}"
        (receipt,) = map(verify, shop.system.requests.receipts(SHOP))
        stones.add(tuple(sorted(receipt.tombstones)))
        assert len(receipt.models) == 1, f"call {call}: a model that nobody uses had learned"
    assert len(stones) == 1, "every receipt names the same keys, wherever it died"
    # Two people, orders 1, 2, 3 and 6, the checkout, the request and the question that was open.
    assert len(stones.pop()) == 9


def test_s21_a_store_whose_erasure_dies_between_any_two_calls_is_gone() -> None:
    body = {"shop_id": 1, "shop_domain": SHOP}
    calls = calls_of("shop/redact", body)
    assert calls > 30
    people = people_of(lived())
    for call in range(1, calls + 1):
        shop, _ = erased_dying_at(call, "shop/redact", body)
        assert shop.system.countdown.crashes == 1, f"call {call}"
        assert not shop.system.log.read(Position({}), 10), f"call {call}"
        assert not shop.system.ledger._tellings
        assert not shop.system.ledger._orders
        assert shop.system.secrets.of(SHOP) == ()
        assert shop.system.stores.all() == ()
        leaves = list(shop.system.leaves())
        assert not [who for who in people if holds(leaves, who)], f"call {call}"
        assert shop.system.requests.open() == ()
        (receipt,) = map(verify, shop.system.requests.receipts(SHOP))
        assert receipt.kind == "erase_store"
        assert len(receipt.models) == 1


def test_asking_again_changes_nothing_and_is_answered_with_a_receipt_of_its_own() -> None:
    shop, _ = erased_dying_at(NEVER, "customers/redact", REDACT)
    before = held(shop)
    for _ in range(2):
        shop.tell("customers/redact", REDACT)
        shop.system.finish_erasures()
    receipts = [verify(one) for one in shop.system.requests.receipts(SHOP)]
    assert len(receipts) == 3
    assert [receipt.removed.get("names on orders", 0) for receipt in receipts[1:]] == [0, 0]
    assert held(shop) == before
    assert replayed(shop) == before


@pytest.mark.parametrize("stage", ["begin", "plan", "orders", "people", "log", "facts", "sweep"])
@pytest.mark.parametrize("late", ["guest", "customer", "checkout", "merge"])
def test_s26_what_is_told_between_any_two_steps_of_an_erasure_goes_too(
    stage: str, late: str
) -> None:
    shop = lived()
    shop.erase(finish=False, customers=(shop.who("customer", "7"),))
    for _ in range(50):
        if shop.progress().stage == stage:
            break
        shop.system.eraser.step()
    assert shop.progress().stage == stage
    told = {
        "guest": ("orders/create", shop.body(20, None, email="ann@example.com")),
        "customer": ("orders/create", shop.body(20, ANN)),
        "checkout": ("checkouts/create", {"id": 21, "email": "ann@example.com"}),
        "merge": (
            "customers/merge",
            MERGE | {"admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/22"},
        ),
    }
    # Taken in at once, as it is where the worker has nothing else to do.
    shop.tell(*told[late], settle=False)
    shop.system.materializer.step(100)
    shop.system.finish_erasures()
    who = [*people_of(shop), shop.who("checkout", "21"), shop.who("customer", "22")]
    leaves = list(shop.system.leaves())
    assert not [one for one in who if holds(leaves, one)]
    assert not [body for body in shop.system.bodies() if any(text in body for text in TEXTS)]
    contacts = [document for document in shop.system.ledger._tellings if document.kind == "reached"]
    assert {document.key for document in contacts} == {shop.who("customer", "8")}
    assert replayed(shop) == held(shop)
