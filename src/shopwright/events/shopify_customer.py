"""Reads ``customers/*``: that a customer exists, is gone, or is the same person as another.

Names, addresses, e-mail and phone are passed over: everything here works with level 1 of
Shopify's protected customer data. https://shopify.dev/docs/apps/launch/protected-customer-data
"""

import msgspec
from msgspec import Struct

from shopwright.core.types.customer import CustomerFact, CustomerMerge
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Telling
from shopwright.events.deletion import deleted_id
from shopwright.events.reading import (
    Reading,
    ShopifyId,
    check_kind,
    date_us,
    decode,
    first_id,
    plain_id,
    text_or_none,
)

_MERGED = "completed"


class CustomerPayload(Struct, frozen=True):
    """A customer, as far as they are read."""

    id: ShopifyId | None = None
    admin_graphql_api_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    state: str | None = None


class MergePayload(Struct, frozen=True):
    """The body of ``customers/merge``."""

    admin_graphql_api_customer_kept_id: ShopifyId
    admin_graphql_api_customer_deleted_id: ShopifyId
    status: str


def read_customer(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the customer's one fact. Raises Unreadable."""
    payload = decode(_CUSTOMER, body)
    check_kind(payload.admin_graphql_api_id, "Customer")
    created_us = date_us(payload.created_at, "created_at")
    updated_us = date_us(payload.updated_at, "updated_at")
    return (
        CustomerFact(
            customer=_customer(payload, reading),
            created_us=created_us,
            updated_us=reading.told_us if updated_us is None else updated_us,
            triggered_us=reading.triggered_us,
            state=text_or_none(payload.state, "state") or "",
            deleted=False,
        ),
    )


def read_deletion(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return that the customer was deleted in the shop. Raises Unreadable."""
    return (
        CustomerFact(
            customer=reading.pseudonymise("customer", deleted_id(body, "Customer")),
            created_us=None,
            updated_us=reading.told_us,
            triggered_us=reading.triggered_us,
            state="",
            deleted=True,
        ),
    )


def read_merge(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the merge; nothing for one that failed or is under way. Raises Unreadable."""
    payload = decode(_MERGE, body)
    kept = plain_id(payload.admin_graphql_api_customer_kept_id, "id of the kept customer")
    merged = plain_id(payload.admin_graphql_api_customer_deleted_id, "id of the merged customer")
    if payload.status.lower() != _MERGED:
        return ()
    return (
        CustomerMerge(
            merged=reading.pseudonymise("customer", merged),
            kept=reading.pseudonymise("customer", kept),
            known_us=reading.told_us,
        ),
    )


def _customer(payload: CustomerPayload, reading: Reading) -> Pseudonym:
    customer_id = first_id("id", payload.id, payload.admin_graphql_api_id)
    return reading.pseudonymise("customer", customer_id)


_CUSTOMER = msgspec.json.Decoder(CustomerPayload)
_MERGE = msgspec.json.Decoder(MergePayload)
