"""Says under whose key a body is sealed: its customer's, else its order's or checkout's, else none.

This runs while Shopify waits, so only the ids are looked for; a body that cannot be read has no
subject and is sealed under the store's key, to become a dead letter later.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.event import Subject
from shopwright.events import admin_customer, admin_gone, admin_order, exported, imported, privacy
from shopwright.events.contacts import checkout_id
from shopwright.events.reading import Pseudonymise, ShopifyId, decode, plain_id, text_or_none

T = TypeVar("T")

MERGE = "customers/merge"

Found = tuple[str, str] | None
"""(kind, original id)."""


class _Ref(Struct, frozen=True, gc=False):
    id: ShopifyId | None = None
    admin_graphql_api_id: str | None = None


class _OrderIds(Struct, frozen=True, gc=False):
    id: ShopifyId | None = None
    admin_graphql_api_id: str | None = None
    customer: _Ref | None = None


class _CheckoutIds(Struct, frozen=True, gc=False):
    id: ShopifyId | None = None
    token: str | None = None
    customer: _Ref | None = None


class _PartOfOrderIds(Struct, frozen=True, gc=False):
    order_id: ShopifyId | None = None


class _EditIds(Struct, frozen=True, gc=False):
    order_edit: _PartOfOrderIds | None = None


class _GraphqlCustomerIds(Struct, frozen=True, gc=False, rename="camel"):
    customer_id: ShopifyId | None = None


class _MergeIds(Struct, frozen=True, gc=False):
    admin_graphql_api_customer_kept_id: ShopifyId | None = None
    admin_graphql_api_customer_deleted_id: ShopifyId | None = None


class _ImportIds(Struct, frozen=True, gc=False):
    order_id: str
    customer_id: str | None = None


def subject_of(topic: str, body: bytes, pseudonymise: Pseudonymise) -> Subject | None:
    """Return the subject of an event; None for a body about nobody or one that cannot be read."""
    if topic in privacy.ABOUT_PEOPLE:
        return None  # whoever takes it in gives it a key of its own
    finder = _FINDERS.get(topic) or _FINDERS.get(topic.partition("/")[0], _of_named_customer)
    try:
        found = finder(body)
    except Unreadable:
        return None
    if found is None:
        return None
    kind, original_id = found
    return Subject(kind=kind, pseudonym=pseudonymise(kind, original_id), original_id=original_id)


def also_about(topic: str, body: bytes, pseudonymise: Pseudonymise) -> Subject | None:
    """Return who else a body is about: a merge names two accounts, and has the key of the one kept.

    Whoever takes it in drops it when either was erased.
    """
    if topic != MERGE:
        return None
    try:
        merged = decode(_MERGED, body).admin_graphql_api_customer_deleted_id
        found = _named("customer", merged)
    except Unreadable:
        return None
    if found is None:
        return None
    return Subject(kind=found[0], pseudonym=pseudonymise(*found), original_id=found[1])


def _finder(payload: type[T], find: Callable[[T], Found]) -> Callable[[bytes], Found]:
    decoder = msgspec.json.Decoder(payload)
    return lambda body: find(decode(decoder, body))


def _of_order(payload: _OrderIds) -> Found:
    return _named_customer(payload) or _named("order", payload.id, payload.admin_graphql_api_id)


def _of_checkout(payload: _CheckoutIds) -> Found:
    named = _named_customer(payload)
    if named is not None:
        return named
    found = checkout_id(payload.id, payload.token)
    return None if found is None else ("checkout", found)


def _named_customer(payload: _OrderIds | _CheckoutIds) -> Found:
    if payload.customer is None:
        return None
    return _named("customer", payload.customer.id, payload.customer.admin_graphql_api_id)


def _of_edit(payload: _EditIds) -> Found:
    return None if payload.order_edit is None else _named("order", payload.order_edit.order_id)


def _of_import(payload: _ImportIds) -> Found:
    customer_id = text_or_none(payload.customer_id, "customer_id")
    if customer_id is not None:
        return "customer", customer_id
    order_id = text_or_none(payload.order_id, "order_id")
    return None if order_id is None else ("order", order_id)


def _named(kind: str, *found: ShopifyId | None) -> Found:
    for one in found:
        if one is not None:
            return kind, plain_id(one, kind)
    return None


_MERGED = msgspec.json.Decoder(_MergeIds)
_of_part = _finder(_PartOfOrderIds, lambda payload: _named("order", payload.order_id))
_of_graphql_customer = _finder(
    _GraphqlCustomerIds, lambda payload: _named("customer", payload.customer_id)
)
# Drafts and other things name a customer as orders do; their own id is no order's.
_of_named_customer = _finder(_OrderIds, _named_customer)

_FINDERS: dict[str, Callable[[bytes], Found]] = {
    "orders": _finder(_OrderIds, _of_order),
    "checkouts": _finder(_CheckoutIds, _of_checkout),
    "orders/edited": _finder(_EditIds, _of_edit),
    "refunds": _of_part,
    "order_transactions": _of_part,
    "customers": _finder(_Ref, lambda p: _named("customer", p.id, p.admin_graphql_api_id)),
    MERGE: _finder(_MergeIds, lambda p: _named("customer", p.admin_graphql_api_customer_kept_id)),
    "customers/purchasing_summary": _of_graphql_customer,
    "customer.tags_added": _of_graphql_customer,
    "customer.tags_removed": _of_graphql_customer,
    admin_order.TOPIC: _finder(_OrderIds, _of_order),
    admin_customer.TOPIC: _finder(_Ref, lambda p: _named("customer", p.id)),
    admin_gone.TOPIC: lambda _body: None,
    admin_gone.MERGED_TOPIC: lambda _body: None,
    imported.ORDER_TOPIC: _finder(_ImportIds, _of_import),
    exported.TOPIC: _finder(_ImportIds, _of_import),
}
"""By topic, else by the part before the slash, else whatever customer the body names."""
