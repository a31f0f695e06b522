"""Decides whether a delivery comes from Shopify, and for which store.

Only the raw body is signed. The shop's name is not, so it is believed only because that shop's
secret fits the body; https://shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from shopwright.core.types.event import Delivery
from shopwright.core.types.identity import StoreId, store_id_of
from shopwright.events.instant import instant_us

SIGNATURE = "x-shopify-hmac-sha256"
SHOP = "x-shopify-shop-domain"
TOPIC = "x-shopify-topic"
API_VERSION = "x-shopify-api-version"
WEBHOOK_ID = "x-shopify-webhook-id"
EVENT_ID = "x-shopify-event-id"
TRIGGERED_AT = "x-shopify-triggered-at"

_READ = frozenset({SIGNATURE, SHOP, TOPIC, API_VERSION, WEBHOOK_ID, EVENT_ID, TRIGGERED_AT})

OWN_TOPICS = ("admin/", "imports/", "predictions/")
"""Topics that only this machine may write; a replayed delivery must not borrow one."""

_TOPIC_NAME = re.compile(
    r"(?=.{3,100}\Z)[a-z_]+/[a-z_]+|customer\.tags_(?:added|removed)", re.ASCII
)
_VERSION_NAME = re.compile(r"[0-9a-z][0-9a-z.-]{0,31}", re.ASCII)
_ID = re.compile(r"[!-~]{1,255}", re.ASCII)

# Every shop, unknown, known or in the middle of a rotation, costs the same number of signatures:
# the time of an answer must not tell which it is. A fit with these never counts, so they need be no
# secret; but they are as long as Shopify's, because the length of a key can be measured.
_NO_SECRETS = (b"shpss_" + b"0" * 32, b"shpss_" + b"1" * 32)
_NO_FIT = "the signature fits no secret that is known for this shop"

_KEY_BYTES = 16


class Envelope(Struct, frozen=True, kw_only=True):
    """What the headers of a genuine delivery say."""

    store_id: StoreId
    topic: str
    delivery_id: str
    event_id: str | None
    triggered_us: int | None
    api_version: str


class Rejection(Struct, frozen=True, kw_only=True):
    """Why a delivery is not believed (401) or not understood (400)."""

    status: int
    reason: str


def verify(
    delivery: Delivery, secrets_of: Callable[[str], Sequence[bytes]]
) -> Envelope | Rejection:
    """Return who sent the delivery and what it is about, or why it is refused.

    ``secrets_of`` returns every secret that may be in use (two during a rotation), none for a shop
    that is not known. All of them are compared, in constant time each, and always at least two.
    """
    headers = _headers(delivery)
    signatures = headers.get(SIGNATURE, ())
    if len(signatures) != 1 or not signatures[0]:
        return Rejection(status=401, reason=f"needs one {SIGNATURE} header")
    shop = store_id_of(_only(headers, SHOP))
    if shop is None:
        return Rejection(status=400, reason=f"{SHOP} must name one *.myshopify.com store")
    if not _fits(signatures[0], delivery.body, secrets_of(shop)):
        return Rejection(status=401, reason=_NO_FIT)
    return _envelope(shop, headers)


def sign(secret: bytes, body: bytes) -> str:
    """Return the signature that Shopify would send: base64 of HMAC-SHA-256 over the raw body."""
    return base64.b64encode(hmac.digest(secret, body, "sha256")).decode("ascii")


def delivery_key(store_id: str, delivery_id: str) -> bytes:
    """Return the 16 bytes that identify a delivery in the log."""
    return _digest(b"delivery", store_id.encode(), delivery_id.encode())


def content_key(store_id: str, topic: str, event_id: str | None, body: bytes) -> bytes | None:
    """Return the 16 bytes that identify what was said, whatever delivery said it.

    The event id alone would not do: one action of the merchant rightly fires several topics.
    None without an event id: equal bodies may then be two events.
    """
    if event_id is None:
        return None
    return _digest(b"content", store_id.encode(), topic.encode(), event_id.encode(), body)


def _headers(delivery: Delivery) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in delivery.headers:
        if (lowered := name.lower()) in _READ:
            found.setdefault(lowered, []).append(value)
    return found


def _only(headers: Mapping[str, Sequence[str]], name: str) -> str:
    """Return the header's one value; an empty string when it is missing, repeated or not ASCII."""
    values = headers.get(name, ())
    return values[0] if len(values) == 1 and values[0].isascii() else ""


def _fits(signature: str, body: bytes, secrets: Sequence[bytes]) -> bool:
    # The text is compared, not the bytes it encodes: 32 bytes have four spellings in lax base64.
    given = signature.encode("utf-8", "replace")
    places = (_NO_SECRETS, secrets)
    fits = False
    for number in range(max(len(secrets), len(_NO_SECRETS))):
        # The same steps whether there is a secret in this place or not, and no way out early.
        known = number < len(secrets)
        right = sign(places[known][number], body).encode("ascii")
        fits |= hmac.compare_digest(given, right) & known
    return fits


def _envelope(store_id: StoreId, headers: Mapping[str, Sequence[str]]) -> Envelope | Rejection:
    topic = _only(headers, TOPIC)
    if not _TOPIC_NAME.fullmatch(topic) or topic.startswith(OWN_TOPICS):
        return Rejection(status=400, reason=f"{TOPIC} is missing or not a topic of Shopify")
    api_version = _only(headers, API_VERSION)
    if not _VERSION_NAME.fullmatch(api_version):
        return Rejection(status=400, reason=f"{API_VERSION} is missing or not a version")
    delivery_id = _only(headers, WEBHOOK_ID)
    if not _ID.fullmatch(delivery_id):
        return Rejection(status=400, reason=f"{WEBHOOK_ID} is missing or not an id")
    event_id = _only(headers, EVENT_ID)
    return Envelope(
        store_id=store_id,
        topic=topic,
        delivery_id=delivery_id,
        event_id=event_id if _ID.fullmatch(event_id) else None,
        triggered_us=instant_us(_only(headers, TRIGGERED_AT)),
        api_version=api_version,
    )


def _digest(*parts: bytes) -> bytes:
    # Each part is preceded by its length: "ab","c" must not meet "a","bc".
    digest = hashlib.blake2b(digest_size=_KEY_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
