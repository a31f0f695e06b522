"""What products, customers, merges and imported orders tell."""

import json
from typing import Any

import pytest
from msgspec.structs import replace
from shop_payloads import (
    RECEIVED_US,
    STORE,
    line,
    money,
    order,
    pseudonymise,
    refund,
    told,
)

from shopwright.core.errors import Unreadable
from shopwright.core.types.customer import CustomerFact, CustomerMerge
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import OrderFact
from shopwright.core.types.product import ProductFact, Variant
from shopwright.events import order_chain
from shopwright.events.imported import (
    ImportedLine,
    ImportedOrder,
    ImportedProduct,
    ImportedRefund,
    encode,
)
from shopwright.events.instant import instant_us
from shopwright.events.shopify import TOPICS, read

PRODUCT: dict[str, Any] = {
    "id": 501,
    "title": "Mug",
    "category": {"full_name": "Home & Garden > Kitchen > Mugs"},
    "product_type": "Crockery",
    "status": "active",
    "vendor": "Potter",
    "updated_at": "2026-03-02T12:00:00Z",
    "variants": [
        {
            "id": 601,
            "sku": "MUG",
            "title": "Blue",
            "price": "10.00",
            "inventory_quantity": -3,
            "inventory_item_id": 701,
        }
    ],
}


def product(**over: Any) -> ProductFact:
    (telling,) = told("products/update", PRODUCT | over)
    assert isinstance(telling, ProductFact)
    return telling


def test_a_whole_product() -> None:
    assert product() == ProductFact(
        product_id="501",
        updated_us=instant_us("2026-03-02T12:00:00Z") or 0,
        triggered_us=0,
        title="Mug",
        category="Home & Garden > Kitchen > Mugs",
        status="active",
        vendor="Potter",
        deleted=False,
        variants=(
            Variant(
                variant_id="601",
                sku="MUG",
                title="Blue",
                price_minor=1000,
                stock=-3,
                inventory_item_id="701",
            ),
        ),
    )


@pytest.mark.parametrize("category", [None, {}, {"full_name": None}, {"full_name": ""}])
def test_the_product_type_stands_in_for_a_category(category: object) -> None:
    assert product(category=category).category == "Crockery"
    assert product(category=category, product_type=None).category == ""


def test_a_bare_product_and_a_deleted_one() -> None:
    (bare,) = told("products/create", {"id": 501})
    (gone,) = told("products/delete", {"id": 501}, triggered_us=9)
    assert isinstance(bare, ProductFact)
    assert isinstance(gone, ProductFact)
    assert (bare.updated_us, bare.deleted, bare.variants) == (RECEIVED_US, False, ())
    assert (gone.updated_us, gone.triggered_us, gone.deleted) == (9, 9, True)


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"id": None}, "id is missing"),
        ({"title": "M\x00g"}, "title holds a null"),
        ({"variants": [{"id": 601}]}, "a variant has no price"),
        ({"variants": [{"id": 1.5, "price": "1"}]}, "got `float`"),
        ({"variants": [{"id": 1, "price": "1", "inventory_quantity": 10**40}]}, "too large"),
    ],
)
def test_what_cannot_be_a_product(over: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        product(**over)
    assert reason in str(refusal.value)


def test_a_customer_is_told_without_anything_personal() -> None:
    payload = {
        "id": 7,
        "email": "someone@example.com",
        "first_name": "Some",
        "created_at": "2026-03-01T12:00:00Z",
        "updated_at": "2026-03-02T12:00:00Z",
        "state": "enabled",
    }
    (telling,) = told("customers/create", payload, triggered_us=4)
    assert telling == CustomerFact(
        customer=pseudonymise("customer", "7"),
        created_us=instant_us("2026-03-01T12:00:00Z"),
        updated_us=instant_us("2026-03-02T12:00:00Z") or 0,
        triggered_us=4,
        state="enabled",
        deleted=False,
    )
    (gone,) = told("customers/delete", {"id": 7}, triggered_us=5)
    assert isinstance(gone, CustomerFact)
    assert (gone.deleted, gone.updated_us, gone.created_us) == (True, 5, None)


def merge(status: str) -> tuple[Telling, ...]:
    payload = {
        "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
        "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
        "status": status,
        "errors": [],
    }
    return told("customers/merge", payload, triggered_us=6)


def test_only_a_completed_merge_is_a_fact() -> None:
    one, two = pseudonymise("customer", "1"), pseudonymise("customer", "2")
    assert merge("completed") == (CustomerMerge(merged=two, kept=one, known_us=6),)
    assert merge("failed") == merge("in_progress") == ()


def test_topics_that_are_only_kept_tell_nothing_whatever_their_body() -> None:
    for topic in ("customers/redact", "shop/redact", "app/uninstalled", "inventory_items/update"):
        assert topic in TOPICS
        assert read(topic, b"\xff", STORE, pseudonymise, triggered_us=None, received_us=1) == ()


IMPORTED = ImportedOrder(
    order_id="1001",
    customer_id="7",
    occurred_us=instant_us("2026-03-02T12:00:00Z") or 0,
    currency="GBP",
    lines=(
        ImportedLine(
            line_id="11",
            product_id="501",
            variant_id="601",
            sku="MUG",
            title="Mug",
            quantity=2,
            unit_price_minor=1000,
            discount_minor=150,
        ),
    ),
    refunds=(
        ImportedRefund(
            refund_id="2001",
            known_us=instant_us("2026-03-05T12:00:00Z") or 0,
            lines=(("11", 1, 1000),),
        ),
    ),
    cancelled_us=instant_us("2026-03-06T12:00:00Z"),
)


def import_fact(imported: ImportedOrder) -> OrderFact:
    (telling,) = told("imports/order", json.loads(encode(imported)))
    assert isinstance(telling, OrderFact)
    return telling


def test_a_file_and_a_webhook_that_say_the_same_give_the_same_rows() -> None:
    (by_webhook,) = told(
        "orders/updated",
        order(
            line_items=[line(discount_allocations=[{"amount_set": money("1.50")}])],
            refunds=[refund()],
            cancelled_at="2026-03-06T12:00:00Z",
            updated_at="2026-03-02T12:00:00Z",
        ),
    )
    by_file = import_fact(IMPORTED)
    # The webhook also tells how many units are left; without an edit that says nothing more.
    assert isinstance(by_webhook, OrderFact)
    assert by_file == by_webhook
    who = Pseudonym(by_file.order)
    assert order_chain.chain(STORE.store_id, who, [by_file], ()) == order_chain.chain(
        STORE.store_id, who, [by_webhook], ()
    )


def test_an_imported_order_is_known_at_its_own_date() -> None:
    found = import_fact(IMPORTED)
    assert found.created_us == found.updated_us == found.occurred_us == IMPORTED.occurred_us
    assert import_fact(replace(IMPORTED, customer_id=None)).customer is None


def test_an_imported_product() -> None:
    imported = ImportedProduct(
        product_id="85123A", sku="85123A", title="T-light", category="Lights", known_us=5
    )
    (telling,) = told("imports/product", json.loads(encode(imported)))
    assert isinstance(telling, ProductFact)
    assert (telling.product_id, telling.title, telling.category, telling.updated_us) == (
        "85123A",
        "T-light",
        "Lights",
        5,
    )


@pytest.mark.parametrize(
    ("imported", "reason"),
    [
        (replace(IMPORTED, format=2), "a newer Shopwright"),
        (replace(IMPORTED, currency="EUR"), "its currency is EUR"),
        (replace(IMPORTED, order_id=""), "an id is empty"),
        (replace(IMPORTED, customer_id="a\x00b"), "null character"),
        (replace(IMPORTED, occurred_us=1 << 62), "outside the years"),
        (replace(IMPORTED, cancelled_us=-(1 << 62)), "outside the years"),
        (replace(IMPORTED, lines=(replace(IMPORTED.lines[0], quantity=-1),)), "negative or absurd"),
        (replace(IMPORTED, lines=IMPORTED.lines * 2), "two lines"),
        (replace(IMPORTED, refunds=IMPORTED.refunds * 2), "two refunds"),
        (
            replace(IMPORTED, refunds=(replace(IMPORTED.refunds[0], lines=(("11", -1, 5),)),)),
            "negative or absurd",
        ),
    ],
)
def test_what_cannot_be_an_imported_order(imported: ImportedOrder, reason: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        import_fact(imported)
    assert reason in str(refusal.value)
    assert str(refusal.value).count(":") >= 2


def test_an_imported_product_needs_an_id() -> None:
    imported = ImportedProduct(product_id="", sku=None, title="", category="", known_us=5)
    with pytest.raises(Unreadable, match="product_id is empty"):
        told("imports/product", json.loads(encode(imported)))
