"""What is asked about people's data, read from the bodies that Shopify sends."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_payloads import order, pseudonymise

from shopwright.core.errors import Unreadable
from shopwright.core.types.identity import StoreId
from shopwright.core.types.privacy import PrivacyRequest
from shopwright.core.types.store import Store
from shopwright.events.privacy import ABOUT_PEOPLE, TOPICS, read_request

STORE = Store(
    store_id=StoreId("pots.myshopify.com"), currency="GBP", timezone="Europe/London", added_us=0
)
REDACT: dict[str, Any] = {
    "shop_id": 954889,
    "shop_domain": "pots.myshopify.com",
    "customer": {"id": 191167, "email": "John@Example.com ", "phone": "+1 555-625-1199"},
    "orders_to_redact": [299938, 280263],
}
ASKED: dict[str, Any] = {
    "shop_id": 954889,
    "shop_domain": "pots.myshopify.com",
    "orders_requested": [299938],
    "customer": {"id": 191167, "email": "john@example.com", "phone": "555-625-1199"},
    "data_request": {"id": 9999},
}
GONE = {"shop_id": 954889, "shop_domain": "pots.myshopify.com"}


def read(topic: str, body: object) -> PrivacyRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(topic, raw, STORE, pseudonymise, request_id="a" * 32, received_us=7)


def test_an_erasure_names_customer_contacts_and_orders_by_pseudonym() -> None:
    request = read("customers/redact", REDACT)
    assert (request.kind, request.origin, request.asked_us) == (
        "erase_customer",
        "customers/redact",
        7,
    )
    assert request.request_id == "a" * 32
    assert request.customers == (pseudonymise("customer", "191167"),)
    assert set(request.contacts) == {
        pseudonymise("contact", "john@example.com"),
        pseudonymise("contact", "15556251199"),
    }
    assert set(request.orders) == {
        pseudonymise("order", "299938"),
        pseudonymise("order", "280263"),
    }


def test_a_data_request_is_a_report() -> None:
    request = read("customers/data_request", ASKED)
    assert request.kind == "report"
    assert request.orders == (pseudonymise("order", "299938"),)


def test_a_store_goes_whole() -> None:
    request = read("shop/redact", GONE)
    assert request.kind == "erase_store"
    assert request.customers == request.contacts == request.orders == ()


@pytest.mark.parametrize(
    "left_out",
    [
        ("shop_id",),
        ("shop_domain",),
        ("orders_to_redact",),
        ("shop_id", "shop_domain", "orders_to_redact"),
    ],
)
def test_fields_may_be_missing(left_out: tuple[str, ...]) -> None:
    body = {name: value for name, value in REDACT.items() if name not in left_out}
    assert read("customers/redact", body).customers == (pseudonymise("customer", "191167"),)


@pytest.mark.parametrize(
    ("customer", "contacts"),
    [
        ({"email": "a@example.com"}, 1),
        ({"id": None, "email": "a@example.com", "phone": None}, 1),
        ({"phone": "+44 20 7946 0018"}, 1),
        ({"id": None, "email": "no address", "phone": "+44 20 7946 0018"}, 1),
    ],
)
def test_an_address_alone_is_enough(customer: dict[str, Any], contacts: int) -> None:
    request = read("customers/redact", REDACT | {"customer": customer, "orders_to_redact": []})
    assert request.customers == ()
    assert len(request.contacts) == contacts


WRONG: list[tuple[str, Any, str]] = [
    ("customers/redact", REDACT | {"shop_domain": "pans.myshopify.com"}, "not the shop that sent"),
    ("customers/data_request", ASKED | {"shop_domain": "pans.myshopify.com"}, "not the shop"),
    ("shop/redact", GONE | {"shop_domain": "pans.myshopify.com"}, "not the shop that sent"),
    ("shop/redact", {"shop_id": 1}, "shop_domain"),
    ("customers/redact", GONE, "names no customer"),
    ("customers/redact", REDACT | {"customer": {"id": "me"}}, "id of the customer"),
    ("customers/redact", REDACT | {"orders_to_redact": [-1]}, "id of an order"),
    ("customers/redact", GONE | {"customer": {"email": "nobody"}}, "names no customer"),
    ("customers/redact", [], "object"),
    ("customers/redact", b"", "truncated"),
    ("customers/redact", b"\xff\xfe", "not UTF-8|invalid|malformed"),
    ("customers/redact", b"[" * 100_000, "object|nested"),
]


@pytest.mark.parametrize(("topic", "body", "reason"), WRONG)
def test_what_cannot_be_obeyed_is_said_and_never_guessed(
    topic: str, body: object, reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason) as refused:
        read(topic, body)
    assert "191167" not in str(refused.value)
    assert "example.com" not in str(refused.value)


FOREIGN: list[tuple[str, Any]] = [
    # A signature covers the body, not the topic: each of these is a genuine body of another topic.
    ("customers/redact", order()),
    ("customers/redact", {"id": 7, "email": "a@example.com", "admin_graphql_api_id": "x"}),
    ("customers/redact", ASKED),
    ("customers/redact", {"id": 1001}),
    ("shop/redact", REDACT),
    ("shop/redact", ASKED),
    ("shop/redact", {"id": 548380009, "domain": "pots.myshopify.com", "name": "Pots"}),
    ("customers/data_request", REDACT),
    ("customers/data_request", order()),
]


@pytest.mark.parametrize(("topic", "body"), FOREIGN)
def test_s02_a_genuine_body_of_another_topic_erases_nobody(topic: str, body: object) -> None:
    with pytest.raises(Unreadable):
        read(topic, body)


@given(st.sampled_from(sorted(TOPICS)), st.binary(max_size=300))
def test_random_bytes_are_unreadable(topic: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(topic, b"\xff" + body)


def test_only_bodies_about_people_have_a_key_of_their_own() -> None:
    assert {"shop/redact"} == TOPICS - ABOUT_PEOPLE
