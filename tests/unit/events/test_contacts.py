"""One spelling of an address, and whose it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_payloads import order, pseudonymise

from shopwright.events.contacts import contacts, email_of, phone_of, read_contacts

EMAILS = [
    ("john@example.com", "john@example.com"),
    ("  John@Example.COM\n", "john@example.com"),
    ("STRASSE@ß.example", "strasse@ss.example"),
    ("\uff4aohn@example.com", "john@example.com"),
    ("john+shop@example.com", "john+shop@example.com"),
    ("john", None),
    ("@example.com", None),
    ("john@", None),
    ("jo hn@example.com", None),
    ("", None),
    (None, None),
    (17, None),
    ("a" * 400 + "@example.com", None),
]
PHONES = [
    ("+44 20 7946 0018", "442079460018"),
    ("+1 (555) 625-1199", "15556251199"),
    ("0044 20 7946 0018", "442079460018"),
    ("555-625-1199", "5556251199"),
    ("+81.90.1234.5678", "819012345678"),
    ("12345", None),
    ("+123456789012345678", None),
    ("call me", None),
    ("", None),
    (None, None),
    (442079460018, None),
]


@pytest.mark.parametrize(("text", "expected"), EMAILS)
def test_an_email_address_has_one_spelling(text: object, expected: str | None) -> None:
    assert email_of(text) == expected


@pytest.mark.parametrize(("text", "expected"), PHONES)
def test_a_phone_number_is_its_digits(text: object, expected: str | None) -> None:
    assert phone_of(text) == expected


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    for normal in (email_of, phone_of):
        once = normal(text)
        assert once is None or normal(once) == once


def test_the_same_address_written_twice_is_one_contact() -> None:
    assert len(contacts(pseudonymise, "A@example.com", "a@example.com ", None, "rubbish")) == 1


def whose(topic: str, payload: Any) -> set[tuple[str, bytes]]:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    facts = read_contacts(topic, body, pseudonymise)
    return {(fact.kind, fact.subject) for fact in facts}


MINE = {"email": "a@example.com", "phone": "+44 20 7946 0018"}
CUSTOMER = ("customer", pseudonymise("customer", "7"))
GUEST = ("order", pseudonymise("order", "1001"))
CHECKOUT = ("checkout", pseudonymise("checkout", "3"))
TOKEN = ("checkout", pseudonymise("checkout", "t"))
CASES: list[tuple[str, Any, set[tuple[str, bytes]]]] = [
    ("customers/create", {"id": 7} | MINE, {CUSTOMER}),
    ("customers/update", {"admin_graphql_api_id": "gid://shopify/Customer/7"} | MINE, {CUSTOMER}),
    ("customers/delete", {"id": 7} | MINE, set()),
    ("orders/create", order(customer={"id": 7} | MINE), {CUSTOMER}),
    ("orders/create", order(customer={"id": 7}, email="a@example.com"), {CUSTOMER}),
    ("orders/create", order(customer=None, email="a@example.com"), {GUEST}),
    ("orders/create", order(customer=None, contact_email="a@example.com"), {GUEST}),
    ("orders/create", order(customer={"id": None}, phone="+44 20 7946 0018"), {GUEST}),
    ("orders/create", order(customer=None, email=""), set()),
    ("orders/delete", {"id": 1001}, set()),
    ("orders/edited", {"order_edit": {"order_id": 1001}}, set()),
    ("checkouts/create", {"id": 3, "email": "a@example.com"}, {CHECKOUT}),
    ("checkouts/update", {"token": "t", "email": "a@example.com"}, {TOKEN}),
    ("checkouts/create", {"id": 3, "email": "x", "customer": {"id": 7} | MINE}, {CUSTOMER}),
    ("products/create", {"id": 7} | MINE, set()),
    ("customers/redact", {"customer": {"id": 7} | MINE}, set()),
    ("orders/create", {"id": 1.5} | MINE, set()),
    ("orders/create", b"\xff", set()),
]  # fmt: skip


@pytest.mark.parametrize(("topic", "payload", "expected"), CASES)
def test_a_contact_belongs_to_whom_the_payload_speaks_of(
    topic: str, payload: Any, expected: set[tuple[str, bytes]]
) -> None:
    assert whose(topic, payload) == expected


def test_an_order_of_a_customer_gives_the_customers_own_addresses() -> None:
    body = json.dumps(
        order(customer={"id": 7, "email": "own@example.com"}, email="friend@example.com")
    ).encode()
    (fact,) = read_contacts("orders/create", body, pseudonymise)
    assert fact.contact == pseudonymise("contact", "own@example.com")
