"""A customer as the shop tells it: level 1 of Shopify's protected data, so no name or address."""

from msgspec import Struct

from shopwright.core.types.identity import Pseudonym


class CustomerFact(Struct, frozen=True, kw_only=True, tag="customer"):
    """One telling of a customer."""

    customer: Pseudonym
    created_us: int | None
    updated_us: int
    triggered_us: int
    state: str
    deleted: bool


class CustomerMerge(Struct, frozen=True, kw_only=True, tag="merge"):
    """From ``known_us`` on, ``merged`` is the same person as ``kept``."""

    merged: Pseudonym
    kept: Pseudonym
    known_us: int


class ContactFact(Struct, frozen=True, kw_only=True, tag="contact"):
    """An e-mail address or phone number, by its pseudonym, was given for somebody.

    With it a privacy request that names nothing but an address finds whom it is about.
    """

    contact: Pseudonym
    """Of kind ``contact``: the normalised address or number under the store's key."""
    kind: str
    """Whom ``subject`` names: ``customer``, ``order`` (of a guest) or ``checkout``."""
    subject: Pseudonym
