"""A delivery becomes an event; a sealed event is what the log keeps."""

from msgspec import Struct

from shopwright.core.types.identity import Pseudonym, StoreId


class Delivery(Struct, frozen=True, kw_only=True):
    """One HTTP request that claims to come from Shopify: nothing in it is believed yet.

    ``headers`` has lower-case names. A repeated header keeps every value, in order.
    """

    headers: tuple[tuple[str, str], ...]
    body: bytes
    received_us: int


class Subject(Struct, frozen=True, kw_only=True):
    """The person or order under whose key an event's body is sealed."""

    kind: str
    """``customer``, or ``order`` where no customer is named."""
    pseudonym: Pseudonym
    original_id: str
    """Shopify's id; kept sealed beside the key, for an authorised reveal and for erasure."""


class Event(Struct, frozen=True, kw_only=True):
    """One thing that happened in a store, verified, with its raw body."""

    store_id: StoreId
    topic: str
    """Shopify's topic (``orders/create``) or ours (``imports/order``, ``predictions/served``)."""
    delivery_id: str
    """Idempotency key within the store: ``X-Shopify-Webhook-Id`` or the source's own row id."""
    event_id: str | None
    """``X-Shopify-Event-Id``: shared by deliveries that one action of the merchant caused."""
    triggered_us: int | None
    """``X-Shopify-Triggered-At``: finer than a payload's seconds, so it orders equal ones."""
    received_us: int
    api_version: str | None
    subject: Subject | None
    """None for bodies about nobody (products); those are sealed under the store's key."""
    body: bytes


class SealedEvent(Struct, frozen=True, kw_only=True):
    """An event as the log holds it: no raw identifier outside the sealed body."""

    store_id: StoreId
    topic: str
    delivery_id: str
    triggered_us: int | None
    received_us: int
    api_version: str | None
    subject_kind: str | None
    subject: Pseudonym | None
    delivery_key: bytes
    """16 bytes that identify the delivery: unique in the log."""
    content_key: bytes | None
    """16 bytes of (topic, event id, body): unique in the log; None without an event id."""
    sealed: bytes
