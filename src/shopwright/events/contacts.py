"""Finds the e-mail addresses and phone numbers of a payload, and makes one spelling of each.

Nothing of them is kept but keyed pseudonyms: enough to find, when a privacy request names only an
address, whose data is meant.
"""

import re
import unicodedata

import msgspec
from msgspec import Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.customer import ContactFact
from shopwright.core.types.identity import Pseudonym
from shopwright.events import exported
from shopwright.events.reading import Pseudonymise, ShopifyId, decode, plain_id

CONTACT = "contact"
LENGTH_MAX = 320
"""The longest e-mail address (RFC 5321: 64 + 1 + 255 octets)."""

_PHONE = re.compile(r"\+?[0-9][0-9 ().\-/]{4,40}", re.ASCII)
_NOT_DIGITS = re.compile(r"[^0-9]", re.ASCII)
_DIGITS_MIN, _DIGITS_MAX = 6, 15


class _Person(Struct, frozen=True, gc=False):
    id: ShopifyId | None = None
    admin_graphql_api_id: str | None = None
    email: object = None
    phone: object = None


class _Order(Struct, frozen=True, gc=False):
    id: ShopifyId | None = None
    admin_graphql_api_id: str | None = None
    token: object = None
    email: object = None
    contact_email: object = None
    phone: object = None
    customer: _Person | None = None


class _Exported(Struct, frozen=True, gc=False):
    order_id: str
    customer_id: str | None = None
    email: object = None
    phone: object = None


def email_of(text: object) -> str | None:
    """Return an e-mail address in its one spelling; None for what is none.

    Spaces around it are taken off, letters are folded (NFKC, then case). Parts that some providers
    ignore (dots, ``+tag``) stay: for others they tell people apart.
    """
    if not isinstance(text, str) or len(text) > LENGTH_MAX:
        return None
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    name, at, host = plain.rpartition("@")
    if not (name and at and host) or any(mark.isspace() for mark in plain):
        return None
    return plain


def phone_of(text: object) -> str | None:
    """Return a phone number as E.164 digits without the plus; None for what is none.

    Shopify stores numbers with their country code; ``00`` in front of one means the same as a plus.
    """
    if not isinstance(text, str):
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    if not _PHONE.fullmatch(plain):
        return None
    digits = _NOT_DIGITS.sub("", plain).removeprefix("00")
    return digits if _DIGITS_MIN <= len(digits) <= _DIGITS_MAX else None


def contacts(pseudonymise: Pseudonymise, *found: object) -> tuple[Pseudonym, ...]:
    """Return the pseudonyms of all that is an e-mail address or phone number, each once."""
    plain = (email_of(one) or phone_of(one) for one in found)
    known = {pseudonymise(CONTACT, one) for one in plain if one is not None}
    return tuple(sorted(known))


def read_contacts(topic: str, body: bytes, pseudonymise: Pseudonymise) -> tuple[ContactFact, ...]:
    """Return which contacts a payload gives for whom; nothing for a body that tells none.

    An order that names a customer speaks of the customer, with the customer's own addresses where
    it tells them; an order or checkout of a guest speaks of itself.
    """
    area = topic.partition("/")[0]
    try:
        if topic in _CUSTOMER_TOPICS:
            person = decode(_PERSON, body)
            return _facts("customer", _id_of(person), pseudonymise, person.email, person.phone)
        if topic == exported.TOPIC:
            found = decode(_EXPORTED, body)
            kind, number = (
                ("order", found.order_id)
                if found.customer_id is None
                else ("customer", found.customer_id)
            )
            return _facts(kind, number, pseudonymise, found.email, found.phone)
        if area == "checkouts" or (area == "orders" and topic != "orders/edited"):
            return _of_order(area.removesuffix("s"), decode(_ORDER, body), pseudonymise)
    except Unreadable:
        return ()
    return ()


def checkout_id(found: ShopifyId | None, token: object) -> str | None:
    """Return what names a checkout: its id, else its token. Raises Unreadable."""
    if found is not None:
        return plain_id(found, "id")
    return token if isinstance(token, str) and 0 < len(token) <= LENGTH_MAX else None


def _of_order(kind: str, order: _Order, pseudonymise: Pseudonymise) -> tuple[ContactFact, ...]:
    own = (order.email, order.contact_email, order.phone)
    customer = order.customer
    if customer is not None and (customer_id := _id_of(customer)) is not None:
        theirs = (customer.email, customer.phone)
        told = theirs if contacts(pseudonymise, *theirs) else own
        return _facts("customer", customer_id, pseudonymise, *told)
    if kind == "checkout":
        return _facts(kind, checkout_id(order.id, order.token), pseudonymise, *own)
    return _facts(kind, _id_of(order), pseudonymise, *own)


def _id_of(found: _Person | _Order) -> str | None:
    for one in (found.id, found.admin_graphql_api_id):
        if one is not None:
            return plain_id(one, "id")
    return None


def _facts(
    kind: str, original_id: str | None, pseudonymise: Pseudonymise, *found: object
) -> tuple[ContactFact, ...]:
    if original_id is None:
        return ()
    known = contacts(pseudonymise, *found)
    if not known:
        return ()
    subject = pseudonymise(kind, original_id)
    return tuple(ContactFact(contact=one, kind=kind, subject=subject) for one in known)


_CUSTOMER_TOPICS = frozenset(
    f"customers/{what}" for what in ("create", "update", "enable", "disable")
)
_EXPORTED = msgspec.json.Decoder(_Exported)
_PERSON = msgspec.json.Decoder(_Person)
_ORDER = msgspec.json.Decoder(_Order)
