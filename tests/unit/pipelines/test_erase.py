"""One erasure after another, on a small installation whose every event is known."""

import json
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from erasing_system import SETTLE_SECONDS, ErasingSystem
from made_model import published_form

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import ModelVersion, Pseudonym, StoreId
from shopwright.core.types.ledger import Document
from shopwright.core.types.log import Position
from shopwright.core.types.privacy import PrivacyRequest, Receipt
from shopwright.events.erased import PARTITION
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines.erase_plan import plan
from shopwright.pipelines.erase_progress import Progress, decode
from shopwright.pipelines.erase_restored import RESTORED
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.receipts import verify
from shopwright.simulator.faults import Arrival
from shopwright.simulator.webhook import SimulatedWebhook

SHOP = StoreId("pots.myshopify.com")
START_US = 1_790_000_000 * US_PER_SECOND
NOBODY = {"id": None}


class Shop:
    """A small installation, told of events by hand."""

    def __init__(self) -> None:
        profile = SimpleNamespace(
            domain=SHOP, currency="GBP", season=SimpleNamespace(timezone="Europe/London")
        )
        shop = cast("Any", SimpleNamespace(profile=profile, start_us=START_US))
        self.system = ErasingSystem(shop, 3)
        self.told = 0

    def tell(self, topic: str, body: dict[str, Any]) -> int:
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
        self.system.feed([Arrival(received_us=now_us, webhook=webhook)], batch=1)
        self.system.settle()
        return len(self.system.log.read(Position({}), 1_000))

    def order(self, number: int, customer: dict[str, Any] | None, **more: Any) -> int:
        """Tell of an order of two mugs."""
        at = "2026-09-20T10:00:00Z"
        line = {"id": 10 * number, "product_id": 5, "quantity": 2, "price": "12.50"}
        body = {
            "id": number, "created_at": at, "processed_at": at, "updated_at": at,
            "currency": "GBP", "financial_status": "paid", "line_items": [line],
            "customer": customer,
        }  # fmt: skip
        return self.tell("orders/create", body | more)

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
        ((_, stored),) = self.system.requests.open()
        return decode(stored)

    def orders(self) -> set[bytes]:
        return {
            document.key
            for document, chain in self.system.ledger._orders.items()
            if any(version.customer is not None for version in chain)
        }


@pytest.fixture
def shop() -> Shop:
    return Shop()


ANN = {"id": 7, "email": "ann@example.com", "phone": "+44 20 7946 0018"}
BOB = {"id": 8, "email": "bob@example.com", "phone": "+44 20 7946 0018"}


def test_a_plan_holds_the_person_and_nobody_else(shop: Shop) -> None:
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


def test_a_plan_follows_merges_both_ways(shop: Shop) -> None:
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


def test_an_address_alone_finds_the_customer_and_the_guest(shop: Shop) -> None:
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


def test_an_order_that_became_somebody_elses_stays_theirs(shop: Shop) -> None:
    shop.order(1, ANN)
    shop.order(1, BOB, updated_at="2026-09-21T10:00:00Z")
    shop.erase(customers=(shop.who("customer", "7"),))
    bob = shop.who("customer", "8")
    chain = shop.system.ledger._orders[Document(SHOP, "order", shop.who("order", "1"))]
    assert [version.customer for version in chain] == [None, bob]
    refund = {
        "id": 1, "order_id": 1, "created_at": "2026-09-22T10:00:00Z",
        "refund_line_items": [{"line_item_id": 10, "quantity": 1, "subtotal": "12.50"}],
    }  # fmt: skip
    shop.tell("refunds/create", refund)
    chain = shop.system.ledger._orders[Document(SHOP, "order", shop.who("order", "1"))]
    assert chain[-1].refund_minor == 1250, "its later events still count"
    assert shop.system.online.read(SHOP, CUSTOMER.name, [bob])


def test_a_guests_order_that_comes_while_the_erasure_runs_goes_too(shop: Shop) -> None:
    shop.order(1, ANN)
    shop.erase(finish=False, customers=(shop.who("customer", "7"),))
    shop.system.settle()
    assert shop.progress().stage == "sweep"
    shop.order(2, None, email="ann@example.com")
    shop.system.finish_erasures()
    assert not [body for body in shop.system.bodies() if b"ann@" in body]
    assert len(shop.receipt().tombstones) == 3


def test_a_late_writer_with_an_old_key_is_swept_behind(shop: Shop) -> None:
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


def test_a_late_merge_does_not_bring_the_name_back(shop: Shop) -> None:
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


def test_a_question_about_an_erased_person_is_closed_with_it(shop: Shop) -> None:
    shop.order(1, ANN)
    body = {"shop_domain": SHOP, "customer": ANN, "data_request": {"id": 1}}
    shop.tell("customers/data_request", body)
    assert [request.kind for request, _ in shop.system.requests.open()] == ["report"]
    shop.erase(customers=(shop.who("customer", "7"),))
    assert shop.system.requests.open() == ()
    assert not [body for body in shop.system.bodies() if b"ann@" in body]
    assert len(shop.system.requests.receipts(SHOP)) == 1


def test_a_request_that_cannot_be_read_is_a_dead_letter(shop: Shop) -> None:
    shop.tell("customers/redact", {"shop_domain": "pans.myshopify.com", "customer": ANN})
    (letter,) = shop.system.ledger.dead_letters(5)
    assert "not the shop that sent it" in letter.reason
    assert shop.system.requests.open() == ()


def test_somebody_who_was_never_seen_gets_a_receipt_and_stays_away(shop: Shop) -> None:
    before = shop.tell("products/delete", {"id": 5})
    shop.erase(customers=(shop.who("customer", "7"),))
    assert len(shop.receipt().tombstones) == 1
    after = shop.order(1, ANN)
    assert after == before + 1, "the mark aside, nothing was let in" if after != before else ""


def test_what_an_old_copy_brings_back_is_erased_again(shop: Shop) -> None:
    shop.order(1, ANN)
    ann = shop.who("customer", "7")
    back = [(SHOP, ann), (SHOP, shop.who("order", "1"))]

    class Restored:
        def revived(self) -> list[Any]:
            return back

        def taken(self, subjects: Any) -> None:
            back.clear()

    shop.system.eraser._revived = Restored()
    shop.system.finish_erasures()
    assert shop.receipt().origin == RESTORED
    assert not any(ann in leaf for leaf in shop.system.leaves())


class TestModels:
    """Models that learned from an erased person go, and never all at once without need."""

    def publish(self, shop: Shop, verdict: str, **changes: Any) -> ModelVersion:
        manifest, files = published_form(**changes)
        version = shop.system.registry.publish(manifest, files)
        shop.system.decisions.record(
            Decision(
                store_id=SHOP,
                task="propensity",
                model_version=version,
                verdict=verdict,
                reason="",
                figures={},
                decided_us=1,
                author="test",
            )
        )
        if verdict in ("champion", "challenger"):
            shop.system.registry.point(SHOP, "propensity", verdict, version)
        return version

    def start(self, shop: Shop) -> None:
        shop.system.removal = shop.system.registry
        shop.system.restart()
        shop.order(1, ANN)

    def wait(self, shop: Shop, seconds: float) -> None:
        shop.system.clock.sleep(seconds)
        shop.system.settle()

    def later(self, shop: Shop) -> dict[str, int]:
        """Return the log position of a training that begins now."""
        return dict(shop.system.ledger.through())

    def test_the_champion_serves_until_a_clean_one_does(self, shop: Shop) -> None:
        self.start(shop)
        old = self.publish(shop, "champion", seed=1)
        refused = self.publish(shop, "refused", seed=1, as_of_us=5)
        shop.erase(finish=False, customers=(shop.who("customer", "7"),))
        for _ in range(20):
            self.wait(shop, SETTLE_SECONDS)
        assert shop.progress().stage == "models"
        assert set(shop.system.registry.versions(SHOP, "propensity")) == {old, refused}
        new = self.publish(shop, "champion", seed=1, log_through=self.later(shop))
        self.wait(shop, 10)
        assert list(shop.system.registry.versions(SHOP, "propensity")) == [new]
        assert shop.system.registry.pointed(SHOP, "propensity", "champion") == new
        assert set(shop.receipt().models) == {old, refused}
        retired = [d for d in shop.system.decisions.of(SHOP, None) if d.verdict == "retired"]
        assert sorted(d.model_version for d in retired) == sorted([old, refused])

    def test_after_the_last_day_the_waiting_challenger_takes_over(self, shop: Shop) -> None:
        self.start(shop)
        old = self.publish(shop, "champion", seed=1)
        shop.erase(finish=False, customers=(shop.who("customer", "7"),))
        self.wait(shop, SETTLE_SECONDS)
        self.wait(shop, SETTLE_SECONDS)
        new = self.publish(shop, "challenger", seed=1, log_through=self.later(shop))
        self.wait(shop, 10)
        assert shop.system.registry.pointed(SHOP, "propensity", "champion") == old
        self.wait(shop, 7 * US_PER_DAY / US_PER_SECOND)
        assert shop.system.registry.pointed(SHOP, "propensity", "champion") == new
        assert shop.system.registry.pointed(SHOP, "propensity", "challenger") is None
        assert shop.receipt().models == (old,)

    def test_s24_after_the_last_day_no_model_that_learned_from_them_is_left(
        self, shop: Shop
    ) -> None:
        self.start(shop)
        old = self.publish(shop, "champion", seed=1)
        shop.erase(finish=False, customers=(shop.who("customer", "7"),))
        self.wait(shop, SETTLE_SECONDS)
        # A training that had begun before the history was clean, and ends after it.
        slow = self.publish(shop, "challenger", seed=1, log_through={PARTITION: 0})
        self.wait(shop, 7 * US_PER_DAY / US_PER_SECOND + 60)
        assert list(shop.system.registry.versions(SHOP, "propensity")) == []
        assert set(shop.receipt().models) == {old, slow}

    def test_somebody_without_an_order_taught_no_model(self, shop: Shop) -> None:
        self.start(shop)
        old = self.publish(shop, "champion", seed=1)
        shop.tell("customers/create", {"id": 9, "updated_at": "2026-09-20T10:00:00Z"})
        shop.erase(customers=(shop.who("customer", "9"),))
        assert list(shop.system.registry.versions(SHOP, "propensity")) == [old]
        assert shop.receipt().models == ()
