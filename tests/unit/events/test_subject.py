"""Whose key seals a body: the customer's where one is named, else the order's, else nobody's."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_payloads import order, pseudonymise, refund

from shopwright.events.imported import ImportedOrder, ImportedProduct, encode
from shopwright.events.shopify import TOPICS
from shopwright.events.subject import subject_of


def who(topic: str, payload: object) -> tuple[str, str] | None:
    subject = subject_of(topic, json.dumps(payload).encode(), pseudonymise)
    if subject is None:
        return None
    assert subject.pseudonym == pseudonymise(subject.kind, subject.original_id)
    return subject.kind, subject.original_id


CASES: list[tuple[str, Any, tuple[str, str] | None]] = [
    ("orders/create", order(), ("customer", "7")),
    ("orders/updated", order(customer={"id": "7"}), ("customer", "7")),
    ("orders/paid", order(customer=None), ("order", "1001")),
    ("orders/cancelled", order(customer={"id": None}), ("order", "1001")),
    (
        "orders/create",
        order(customer={"admin_graphql_api_id": "gid://shopify/Customer/9?x=1"}),
        ("customer", "9"),
    ),
    ("orders/create", {"admin_graphql_api_id": "gid://shopify/Order/5"}, ("order", "5")),
    ("orders/delete", {"id": 1001}, ("order", "1001")),
    ("orders/edited", {"order_edit": {"order_id": 1001}}, ("order", "1001")),
    ("orders/edited", {"order_edit": None}, None),
    ("refunds/create", refund(), ("order", "1001")),
    ("order_transactions/create", {"id": 4, "order_id": 1001}, ("order", "1001")),
    ("customers/update", {"id": 7}, ("customer", "7")),
    ("customers/delete", {"id": 7}, ("customer", "7")),
    (
        "customers/merge",
        {
            "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
            "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
        },
        ("customer", "1"),
    ),
    (
        "customers/purchasing_summary",
        {"customerId": "gid://shopify/Customer/7"},
        ("customer", "7"),
    ),
    ("customer.tags_added", {"customerId": "gid://shopify/Customer/7"}, ("customer", "7")),
    # Sealed under a key of the request itself: the customer's may be destroyed long before.
    ("customers/redact", {"shop_id": 1, "customer": {"id": 7}}, None),
    ("customers/data_request", {"shop_id": 1, "customer": {"id": 7}}, None),
    ("checkouts/create", {"id": 3, "customer": {"id": 7}}, ("customer", "7")),
    ("checkouts/create", {"id": 3, "customer": None}, ("checkout", "3")),
    ("checkouts/update", {"token": "abc", "email": "a@example.com"}, ("checkout", "abc")),
    ("checkouts/delete", {"presentment_currency": "GBP"}, None),
    ("draft_orders/create", {"id": 3, "customer": {"id": 7}}, ("customer", "7")),
    ("products/update", {"id": 501}, None),
    ("orders/create", {"id": 1.5}, None),
    ("orders/create", {"id": -1}, None),
    ("orders/create", [], None),
]


@pytest.mark.parametrize(("topic", "payload", "expected"), CASES)
def test_subject(topic: str, payload: object, expected: tuple[str, str] | None) -> None:
    assert who(topic, payload) == expected


def test_an_imported_order_has_the_ids_of_its_file() -> None:
    known = ImportedOrder(
        order_id="A/1", customer_id="C 9", occurred_us=0, currency="GBP", lines=()
    )
    guest = ImportedOrder(order_id="A/1", customer_id=None, occurred_us=0, currency="GBP", lines=())
    product = ImportedProduct(product_id="P", sku="P", title="", category="", known_us=0)
    assert who("imports/order", json.loads(encode(known))) == ("customer", "C 9")
    assert who("imports/order", json.loads(encode(guest))) == ("order", "A/1")
    assert who("imports/product", json.loads(encode(product))) is None


@given(st.sampled_from([*sorted(TOPICS), "unknown/topic", ""]), st.binary(max_size=200))
def test_random_bytes_have_no_subject(topic: str, body: bytes) -> None:
    subject = subject_of(topic, b"\xff" + body, pseudonymise)
    assert subject is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "customer", "order_id", "order_edit", "customerId", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(TOPICS)), json_values)
def test_no_json_raises(topic: str, payload: object) -> None:
    who(topic, payload)


def test_a_depth_bomb_has_no_subject() -> None:
    assert subject_of("orders/create", b'{"note":' + b"[" * 200_000, pseudonymise) is None
