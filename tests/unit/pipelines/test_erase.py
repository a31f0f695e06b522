"""One erasure after another, on a small installation whose every event is known."""

import json
from typing import Any

import msgspec
import pytest
from erasing_system import SETTLE_SECONDS
from simulated_system import Crash
from small_shop import ANN, BOB, REFUND, SHOP, SmallShop, held, replayed

from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.ledger import Document
from shopwright.core.types.log import Position
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines.erase_plan import plan
from shopwright.pipelines.erase_restored import RESTORED
from shopwright.privacy.receipts import verify
from shopwright.simulator.faults import Arrival
from shopwright.simulator.webhook import SimulatedWebhook


@pytest.fixture
def shop() -> SmallShop:
    return SmallShop()


def test_a_plan_holds_the_person_and_nobody_else(shop: SmallShop) -> None:
    shop.order(1, ANN)
    shop.order(2, BOB)  # the same telephone
    shop.order(3, None, email="Ann@Example.com")
    shop.order(4, None, email="zoe@example.com")
    shop.tell("checkouts/create", {"id": 5, "email": "ann@example.com"})
    ann = shop.who("customer", "7")
    request = shop.erase(finish=False, customers=(ann,))
    found = plan(shop.system.ledger, request)
    assert found.customers == (ann,)
    assert set(found.orders) == {shop.who("order", "1"), shop.who("order", "3")}
    assert found.checkouts == (shop.who("checkout", "5"),)
    assert found.shared == ()


def test_a_plan_follows_merges_both_ways(shop: SmallShop) -> None:
    for number, customer in enumerate((7, 8, 9), 1):
        shop.order(number, {"id": customer})
    for merged, kept in ((7, 8), (8, 9)):
        shop.tell(
            "customers/merge",
            {
                "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept}",
                "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{merged}",
                "status": "completed",
            },
        )
    request = shop.erase(finish=False, customers=(shop.who("customer", "8"),))
    found = plan(shop.system.ledger, request)
    assert set(found.customers) == {shop.who("customer", str(n)) for n in (7, 8, 9)}
    assert len(found.orders) == 3
    shop.system.finish_erasures()
    assert not shop.orders()


def test_an_address_alone_finds_the_customer_and_the_guest(shop: SmallShop) -> None:
    shop.order(1, ANN)
    shop.order(2, BOB)
    shop.order(3, None, email="ann@example.com")
    shop.erase(contacts=(shop.who("contact", "ann@example.com"),))
    assert shop.orders() == {shop.who("order", "2")}
    bodies = list(shop.system.bodies())
    assert not [body for body in bodies if b"ann@" in body]
    assert [body for body in bodies if b"bob@" in body]
    # Two customers have the telephone number: it is still Bob's.
    number = Document(SHOP, "contact", shop.who("contact", "442079460018"))
    (fact,) = shop.system.ledger.tellings([number])[number]
    assert fact.subject == shop.who("customer", "8")


def test_a_shared_telephone_does_not_erase_whoever_else_has_it(shop: SmallShop) -> None:
    shop.order(1, ANN)
    shop.order(2, BOB)
    email, phone = (shop.who("contact", text) for text in ("ann@example.com", "442079460018"))
    request = shop.erase(finish=False, contacts=(email, phone))
    assert plan(shop.system.ledger, request).customers == (shop.who("customer", "7"),)
    only_phone = msgspec.structs.replace(request, contacts=(phone,))
    assert len(plan(shop.system.ledger, only_phone).customers) == 2, "it says nothing else"
    unknown = msgspec.structs.replace(request, contacts=(email, shop.who("contact", "4420")))
    assert plan(shop.system.ledger, unknown).customers == (shop.who("customer", "7"),)


def test_an_order_that_became_somebody_elses_stays_theirs(shop: SmallShop) -> None:
    shop.order(1, ANN)
    shop.order(1, BOB, updated_at="2026-09-21T10:00:00Z")
    shop.erase(customers=(shop.who("customer", "7"),))
    bob = shop.who("customer", "8")
    chain = shop.system.ledger._orders[Document(SHOP, "order", shop.who("order", "1"))]
    assert [version.customer for version in chain] == [None, bob]
    shop.tell("refunds/create", REFUND)
    chain = shop.system.ledger._orders[Document(SHOP, "order", shop.who("order", "1"))]
    assert chain[-1].refund_minor == 1250, "its later events still count"
    assert shop.system.online.read(SHOP, CUSTOMER.name, [bob])


def test_a_guests_order_that_comes_while_the_erasure_runs_goes_too(shop: SmallShop) -> None:
    shop.order(1, ANN)
    shop.erase(finish=False, customers=(shop.who("customer", "7"),))
    shop.system.settle()
    assert shop.progress().stage == "sweep"
    shop.order(2, None, email="ann@example.com")
    shop.system.finish_erasures()
    assert not [body for body in shop.system.bodies() if b"ann@" in body]
    assert len(shop.receipt().tombstones) == 3


def test_a_late_writer_with_an_old_key_is_swept_behind(shop: SmallShop) -> None:
    shop.order(1, ANN)
    ann = shop.who("customer", "7")
    left = shop.system.log.read(Position({}), 1)[0].event
    shop.erase(finish=False, customers=(ann,))
    shop.system.settle()
    assert shop.progress().stage == "sweep"
    late = msgspec.structs.replace(left, delivery_key=b"l" * 16, content_key=None)
    shop.system.log.append([late])
    due_us = shop.progress().due_us
    shop.system.clock.set(due_us)
    shop.system.settle()
    assert shop.progress().stage == "sweep", "found something: it waits once more"
    assert shop.progress().due_us == due_us + SETTLE_SECONDS * US_PER_SECOND
    shop.system.finish_erasures()
    assert not [r for r in shop.system.log.read(Position({}), 99) if r.event.subject == ann]
    assert shop.receipt().removed["log events"] == 2


def test_a_clock_that_is_set_back_does_not_make_it_wait_for_longer(shop: SmallShop) -> None:
    shop.order(1, ANN)
    shop.erase(finish=False, customers=(shop.who("customer", "7"),))
    shop.system.settle()
    assert shop.progress().stage == "sweep"
    yesterday_us = shop.system.clock.now_us() - 86_400 * US_PER_SECOND
    shop.system.clock.set(yesterday_us)
    shop.system.settle()
    assert shop.progress().due_us == yesterday_us + SETTLE_SECONDS * US_PER_SECOND
    shop.system.clock.sleep(SETTLE_SECONDS)
    shop.system.settle()
    assert shop.receipt().tombstones


def test_a_late_merge_does_not_bring_the_name_back(shop: SmallShop) -> None:
    shop.order(1, ANN)
    shop.order(2, BOB)
    ann = shop.who("customer", "7")
    shop.erase(customers=(ann,))
    shop.tell(
        "customers/merge",
        {
            "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/8",
            "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/7",
            "status": "completed",
        },
    )
    assert not any(ann in leaf for leaf in shop.system.leaves())
    # The body named her by Shopify's id, under the key of the account that was kept.
    assert not [body for body in shop.system.bodies() if b"Customer/7" in body]


def test_a_question_about_an_erased_person_is_closed_with_it(shop: SmallShop) -> None:
    shop.order(1, ANN)
    body = {"shop_domain": SHOP, "customer": ANN, "data_request": {"id": 1}}
    shop.tell("customers/data_request", body)
    assert [request.kind for request, _ in shop.system.requests.open()] == ["report"]
    shop.erase(customers=(shop.who("customer", "7"),))
    assert shop.system.requests.open() == ()
    assert not [body for body in shop.system.bodies() if b"ann@" in body]
    assert len(shop.system.requests.receipts(SHOP)) == 1


def test_a_request_that_cannot_be_read_is_a_dead_letter(shop: SmallShop) -> None:
    shop.tell("customers/redact", {"shop_domain": "pans.myshopify.com", "customer": ANN})
    (letter,) = shop.system.ledger.dead_letters(5)
    assert "not the shop that sent it" in letter.reason
    assert shop.system.requests.open() == ()


def test_somebody_who_was_never_seen_gets_a_receipt_and_stays_away(shop: SmallShop) -> None:
    before = shop.tell("products/delete", {"id": 5})
    shop.erase(customers=(shop.who("customer", "7"),))
    assert len(shop.receipt().tombstones) == 1
    assert shop.order(1, ANN) == before, "it was answered, and never stored"


def test_what_an_old_copy_brings_back_is_erased_again(shop: SmallShop) -> None:
    shop.order(1, ANN)
    ann = shop.who("customer", "7")
    shop.tell("refunds/create", REFUND)
    back = [(SHOP, ann), (SHOP, shop.who("order", "1"))]
    for store_id, who in back:
        shop.system.keys.forget(store_id, who)  # as opening the restored key file does

    class Restored:
        def revived(self) -> list[Any]:
            return back

        def taken(self, subjects: Any) -> None:
            back.clear()

    shop.system.eraser._revived = Restored()
    shop.system.finish_erasures()
    assert shop.receipt().origin == RESTORED
    assert shop.receipt().removed["log events"] == 2
    assert shop.orders() == set()
    assert replayed(shop) == held(shop)
    assert not any(ann in leaf for leaf in shop.system.leaves())


def test_a_replay_rebuilds_an_order_that_became_somebody_elses(shop: SmallShop) -> None:
    shop.order(1, ANN)
    shop.order(1, BOB, updated_at="2026-09-21T10:00:00Z")
    shop.erase(customers=(shop.who("customer", "7"),))
    assert replayed(shop) == held(shop)


class Dying:
    """A key store that dies before or after one of its erasures."""

    def __init__(self, keys: Any, at: int, *, after: bool) -> None:
        self._keys, self._left, self._after = keys, at, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keys, name)

    def forget(self, *args: Any) -> bool:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        answer = self._keys.forget(*args)
        if self._left == 0:
            raise Crash
        return bool(answer)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2])
def test_a_death_among_the_keys_leaves_neither_rows_nor_gaps(
    shop: SmallShop, at: int, after: bool
) -> None:
    shop.order(1, ANN)
    shop.tell("refunds/create", REFUND)
    shop.erase(finish=False, customers=(shop.who("customer", "7"),))
    alive, shop.system.keys = shop.system.keys, Dying(shop.system.keys, at, after=after)
    shop.system.restart()
    with pytest.raises(Crash):
        any(not shop.system.eraser.step() for _ in range(10))
    shop.system.keys = alive
    shop.system.restart()
    # What arrives between the death and the second try counts as well, or is dropped whole.
    shop.tell("refunds/create", REFUND | {"id": 2})
    shop.order(1, ANN, updated_at="2026-09-23T10:00:00Z", cancelled_at="2026-09-23T10:00:00Z")
    shop.system.finish_erasures()
    gone = (shop.who("customer", "7"), shop.who("order", "1"))
    records = shop.system.log.read(Position({}), 1_000)
    assert not [record for record in records if record.event.subject in gone]
    assert replayed(shop) == held(shop)
    (receipt,) = shop.system.requests.receipts(SHOP)
    assert len(verify(receipt).tombstones) == 2


def test_a_plan_waits_for_what_the_ledger_has_not_taken(shop: SmallShop) -> None:
    shop.order(1, ANN)
    taken = shop.system.ledger.through()
    body = json.dumps({"id": 2, "customer": ANN}).encode()
    webhook = SimulatedWebhook(
        topic="orders/create", body=body, triggered_us=1, webhook_id="x", event_id="x"
    )
    arrival = Arrival(received_us=shop.system.clock.now_us(), webhook=webhook)
    shop.system.receive([arrival])
    shop.erase(finish=False, customers=(shop.who("customer", "7"),))
    assert [shop.system.eraser.step() for _ in range(4)] == [True, False, False, False]
    assert shop.progress().stage == "plan"
    assert shop.system.ledger.through() == taken
    shop.system.finish_erasures()
    assert not shop.system.ledger.dead_letters(5), "its letter went with the person"
