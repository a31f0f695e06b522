"""Reads what a shop asks about its people's data: the topics ``*/redact`` and ``*/data_request``.

https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance says what the bodies hold. A
delivery's signature covers its body and not its topic, so a body is obeyed only when it has the
shape of its own topic: an order that somebody sends again as ``customers/redact`` erases nobody.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from shopwright.core.errors import Unreadable
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.privacy import PrivacyRequest, RequestKind
from shopwright.core.types.store import Store
from shopwright.events.contacts import contacts
from shopwright.events.reading import Pseudonymise, ShopifyId, decode, plain_id

REDACT_CUSTOMER = "customers/redact"
DATA_REQUEST = "customers/data_request"
REDACT_STORE = "shop/redact"

TOPICS = frozenset((REDACT_CUSTOMER, DATA_REQUEST, REDACT_STORE))
ABOUT_PEOPLE = frozenset((REDACT_CUSTOMER, DATA_REQUEST))
"""Their bodies name a person, so each is sealed under a key of its own: see ``REQUEST``."""

REQUEST = "request"
"""Kind of the subject whose key seals one such body; its original id is the request's id."""

ORDERS_MAX = 100_000


class _Customer(Struct, frozen=True):
    id: ShopifyId | None = None
    email: str | None = None
    phone: str | None = None


class _CustomerBody(Struct, frozen=True, forbid_unknown_fields=True):
    shop_id: ShopifyId | None = None
    shop_domain: str | None = None
    customer: _Customer | None = None


class _Redact(_CustomerBody, frozen=True):
    orders_to_redact: list[ShopifyId] | None = None


class _DataRequest(_CustomerBody, frozen=True):
    orders_requested: list[ShopifyId] | None = None
    data_request: dict[str, Any] | None = None


class _ShopRedact(Struct, frozen=True, forbid_unknown_fields=True):
    shop_domain: str
    shop_id: ShopifyId | UnsetType | None = UNSET


def read_request(
    topic: str,
    body: bytes,
    store: Store,
    pseudonymise: Pseudonymise,
    *,
    request_id: str,
    received_us: int,
) -> PrivacyRequest:
    """Return what is asked. Raises Unreadable, with the place in the body but never a value.

    A body that names another shop, that names nobody, or that has fields of some other topic is
    unreadable: the request is kept for an operator and never guessed at.
    """
    try:
        if topic == REDACT_STORE:
            _check_shop(decode(_SHOP_REDACT, body).shop_domain, store)
            who: dict[str, tuple[Pseudonym, ...]] = {}
        elif topic == REDACT_CUSTOMER:
            redact = decode(_REDACT, body)
            who = _who(redact, redact.orders_to_redact or [], store, pseudonymise)
        elif topic == DATA_REQUEST:
            asked = decode(_DATA_REQUEST, body)
            who = _who(asked, asked.orders_requested or [], store, pseudonymise)
        else:
            raise Unreadable("it is no privacy request")
    except Unreadable as error:
        raise Unreadable(f"{store.store_id}: {topic} cannot be read: {error}") from None
    return PrivacyRequest(
        request_id=request_id,
        store_id=store.store_id,
        kind=_KINDS[topic],
        origin=topic,
        asked_us=received_us,
        **who,
    )


def _who(
    body: _CustomerBody, orders: list[ShopifyId], store: Store, pseudonymise: Pseudonymise
) -> dict[str, tuple[Pseudonym, ...]]:
    if body.shop_domain is not None:
        _check_shop(body.shop_domain, store)
    if len(orders) > ORDERS_MAX:
        raise Unreadable("it lists more orders than a person can have")
    person = body.customer or _Customer()
    customers = () if person.id is None else (plain_id(person.id, "id of the customer"),)
    found = {
        "customers": tuple(pseudonymise("customer", one) for one in customers),
        "contacts": contacts(pseudonymise, person.email, person.phone),
        "orders": tuple(
            sorted({pseudonymise("order", plain_id(one, "id of an order")) for one in orders})
        ),
    }
    if not any(found.values()):
        raise Unreadable("it names no customer, no address and no order")
    return found


def _check_shop(domain: str, store: Store) -> None:
    if domain.strip().lower() != store.store_id:
        raise Unreadable("its shop_domain is not the shop that sent it")


_KINDS: Mapping[str, RequestKind] = {
    REDACT_CUSTOMER: "erase_customer",
    DATA_REQUEST: "report",
    REDACT_STORE: "erase_store",
}
_REDACT = msgspec.json.Decoder(_Redact)
_DATA_REQUEST = msgspec.json.Decoder(_DataRequest)
_SHOP_REDACT = msgspec.json.Decoder(_ShopRedact)
