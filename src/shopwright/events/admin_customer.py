"""Reads a customer of the Admin API: who is there, never what they are called."""

import msgspec
from msgspec import Struct

from shopwright.core.types.customer import CustomerFact
from shopwright.core.types.ledger import Telling
from shopwright.events.reading import Reading, ShopifyId, check_kind, date_us, decode, plain_id

TOPIC = "admin/customer"


class _Customer(Struct, frozen=True, gc=False, rename="camel"):
    id: ShopifyId
    created_at: str
    updated_at: str
    state: str


def read_customer(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the customer's one fact: the one that their webhook would tell. Raises Unreadable."""
    node = decode(_CUSTOMER, body)
    check_kind(str(node.id), "Customer")
    updated_us = date_us(node.updated_at, "updatedAt")
    assert updated_us is not None
    return (
        CustomerFact(
            customer=reading.pseudonymise("customer", plain_id(node.id, "id")),
            created_us=date_us(node.created_at, "createdAt"),
            updated_us=updated_us,
            triggered_us=reading.triggered_us,
            state=node.state.lower(),
            deleted=False,
        ),
    )


_CUSTOMER = msgspec.json.Decoder(_Customer)
