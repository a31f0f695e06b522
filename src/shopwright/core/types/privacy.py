"""What people may ask about their data, and the proof that it was done."""

from typing import Literal

from msgspec import Struct

from shopwright.core.types.identity import Pseudonym, StoreId

RequestKind = Literal["erase_customer", "erase_store", "report"]


class PrivacyRequest(Struct, frozen=True, kw_only=True):
    """One request about a person or a whole store; nothing in it names anybody in the clear."""

    request_id: str
    """32 hex digits; the same delivery of the same webhook always gives the same ones."""
    store_id: StoreId
    kind: RequestKind
    origin: str
    """``customers/redact``, or ``redact by NAME``."""
    asked_us: int
    customers: tuple[Pseudonym, ...] = ()
    contacts: tuple[Pseudonym, ...] = ()
    """Pseudonyms of e-mail addresses and phone numbers (kind ``contact``)."""
    orders: tuple[Pseudonym, ...] = ()


class Receipt(Struct, frozen=True, kw_only=True):
    """Proof of an erasure; it names the person by a keyed hash that says nothing by itself."""

    format: int
    request_id: str
    store_id: StoreId
    kind: RequestKind
    origin: str
    asked_us: int
    finished_us: int
    tombstones: tuple[str, ...]
    """Hex of the keyed hash of every subject whose key was destroyed."""
    removed: dict[str, int]
    """Copy (``log events``, ``history partitions``, …) to how many things were removed from it."""
    models: tuple[str, ...]
    """Versions of models that had learned from the person, and were removed."""


class SignedReceipt(Struct, frozen=True, kw_only=True):
    """A receipt as bytes, with an Ed25519 signature (RFC 8032) over exactly these bytes."""

    body: bytes
    """The receipt as JSON."""
    signature: bytes
    public_key: bytes
