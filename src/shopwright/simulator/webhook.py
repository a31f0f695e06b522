"""A webhook as a simulated shop would send it; the signature is the sender's business."""

from hashlib import blake2b

from msgspec import Struct

API_VERSION = "2026-07"


class SimulatedWebhook(Struct, frozen=True, kw_only=True):
    """One delivery: what stands in its headers, and its raw body."""

    topic: str
    body: bytes
    triggered_us: int
    webhook_id: str
    """``X-Shopify-Webhook-Id``: the same in every repetition of the delivery."""
    event_id: str
    """``X-Shopify-Event-Id``: shared by all deliveries that one action caused."""
    api_version: str = API_VERSION


def identifier(*words: object) -> str:
    """Return a UUID-shaped identifier that depends on the words alone."""
    digest = blake2b("\x1f".join(map(str, words)).encode(), digest_size=16).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


def jitter_us(word: str) -> int:
    """Return 50 to 949 milliseconds (in µs): how long after an action its webhook is triggered."""
    return 50_000 + int.from_bytes(blake2b(word.encode(), digest_size=4).digest()) % 900_000
