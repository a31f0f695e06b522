"""Requests as Shopify signs them, and every way to spoil one that the attack tests know."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence

from shopwright.core.types.event import Delivery
from shopwright.events.webhook import sign

SHOP = "pots.myshopify.com"
OTHER_SHOP = "lamps.myshopify.com"
SECRET = b"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"
OLDER_SECRET = b"shpss_the-one-before-the-rotation"
OTHER_SECRET = b"shpss_of-another-app-or-another-shop"
BODY = '{"id":1001,"note":"Grüße","total_price":"12.00"}'.encode()
SECRETS = {SHOP: [SECRET, OLDER_SECRET], OTHER_SHOP: [OTHER_SECRET]}
SIGNATURE = "x-shopify-hmac-sha256"

Headers = list[tuple[str, str]]


def secrets_of(shop: str) -> Sequence[bytes]:
    """Return the secrets of one of the two shops; none for any other."""
    return SECRETS.get(shop, [])


def headers(**over: str | None) -> Headers:
    """Return the headers of a genuine delivery; None leaves one out."""
    given: dict[str, str | None] = {
        "topic": "orders/updated",
        "hmac-sha256": sign(SECRET, BODY),
        "shop-domain": SHOP,
        "api-version": "2026-07",
        "webhook-id": "7e2d4f50-1111-2222-3333-444455556666",
        "event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
        "triggered-at": "2026-03-02T12:00:00.123456789Z",
    }
    given |= {name.replace("_", "-"): value for name, value in over.items()}
    return [(f"x-shopify-{name}", value) for name, value in given.items() if value is not None]


def delivery(given: Headers | None = None, body: bytes = BODY) -> Delivery:
    """Return a delivery that is genuine unless told otherwise."""
    return Delivery(headers=tuple(headers() if given is None else given), body=body, received_us=1)


def spoiled() -> Iterator[tuple[str, Headers, bytes]]:
    """Yield requests that must be refused, each with its name; more than two hundred."""
    yield from _spoiled_signatures()
    yield from _other_spellings()
    yield from _other_keys()
    yield from _spoiled_bodies()
    yield from _spoiled_headers()


def _signed(signature: str | None) -> Headers:
    return headers(hmac_sha256=signature)


def _spoiled_signatures() -> Iterator[tuple[str, Headers, bytes]]:
    """Change each place of the signature to a character of each class."""
    genuine = sign(SECRET, BODY)
    for place, found in enumerate(genuine):
        for kind, other in (
            ("letter", "A"),
            ("other letter", "q"),
            ("padding", "="),
            ("nul", "\0"),
        ):
            changed = other if other != found else "B"
            spoiled = genuine[:place] + changed + genuine[place + 1 :]
            if spoiled != genuine:
                yield f"{kind} at {place}", _signed(spoiled), BODY


def _other_spellings() -> Iterator[tuple[str, Headers, bytes]]:
    """Encode the right bytes in a way that Shopify does not."""
    genuine = sign(SECRET, BODY)
    raw = base64.b64decode(genuine)
    lax = {chr(ord(genuine[-2]) ^ bit) for bit in (1, 2, 3)}
    spellings = {
        "hex": raw.hex(),
        "hex in capitals": raw.hex().upper(),
        "url-safe": base64.urlsafe_b64encode(b"\xfb\xff" + raw[2:]).decode(),
        "base32": base64.b32encode(raw).decode(),
        "base85": base64.b85encode(raw).decode(),
        "without padding": genuine.rstrip("="),
        "more padding": genuine + "=",
        "twice encoded": base64.b64encode(genuine.encode()).decode(),
        "quoted": f'"{genuine}"',
        "prefixed": f"sha256={genuine}",
        "space before": f" {genuine}",
        "space behind": f"{genuine} ",
        "tab behind": f"{genuine}\t",
        "line end behind": f"{genuine}\n",
        "two in one": f"{genuine},{genuine}",
        "lower case": genuine.lower(),
        "upper case": genuine.upper(),
        "swapped case": genuine.swapcase(),
        "reversed": genuine[::-1],
        "cut": genuine[:-4],
        "first character": genuine[0],
        "longer": genuine + "A" * 1_000,
        "empty": "",
        "one space": " ",
        "full width": "".join(chr(ord(letter) + 0xFEE0) for letter in genuine),
        "not latin": "Ā" * 44,
        "lone surrogate": "\udc80" * 44,
        "null": "null",
        "zeros": base64.b64encode(bytes(32)).decode(),
    }
    # Lax decoders read these as the same 32 bytes.
    spellings |= {f"lax {letter}": genuine[:-2] + letter + "=" for letter in sorted(lax)}
    for name, spelling in spellings.items():
        yield name, _signed(spelling), BODY
    yield "missing", _signed(None), BODY
    yield "twice the right one", [*headers(), (SIGNATURE, genuine)], BODY
    yield "right then wrong", [*headers(), (SIGNATURE, "A" * 43 + "=")], BODY
    yield "wrong then right", [(SIGNATURE, "A" * 43 + "="), *headers()], BODY
    yield "empty then right", [(SIGNATURE, ""), *headers()], BODY
    yield "other case twice", [*headers(), (SIGNATURE.upper(), genuine)], BODY


def _other_keys() -> Iterator[tuple[str, Headers, bytes]]:
    """Sign with what is not a secret of the shop."""
    keys = {
        "another app's secret": OTHER_SECRET,
        "no secret": b"",
        "a null byte": b"\0",
        "the shop's name": SHOP.encode(),
        "secret and line end": SECRET + b"\n",
        "secret cut": SECRET[:-1],
        "secret in capitals": SECRET.upper(),
        "secret in base64": base64.b64encode(SECRET),
        "two secrets": SECRET + OLDER_SECRET,
        "secret without prefix": SECRET.removeprefix(b"shpss_"),
    }
    for name, key in keys.items():
        yield name, _signed(sign(key, BODY)), BODY
    for algorithm in ("md5", "sha1", "sha224", "sha384", "sha512", "sha3_256", "blake2s"):
        digest = base64.b64encode(hmac.digest(SECRET, BODY, algorithm)).decode()
        yield f"hmac-{algorithm}", _signed(digest), BODY
    plain = base64.b64encode(hashlib.sha256(SECRET + BODY).digest()).decode()
    yield "hash instead of hmac", _signed(plain), BODY
    turned = base64.b64encode(hmac.digest(BODY, SECRET, "sha256")).decode()
    yield "key and body exchanged", _signed(turned), BODY


def _spoiled_bodies() -> Iterator[tuple[str, Headers, bytes]]:
    """Leave the signature and change what was signed."""
    for place in range(0, len(BODY), 3):
        changed = bytearray(BODY)
        changed[place] ^= 1 << (place % 8)
        yield f"bit of body byte {place}", headers(), bytes(changed)
    for name, body in {
        "empty body": b"",
        "cut body": BODY[:-1],
        "line end behind body": BODY + b"\n",
        "null behind body": BODY + b"\0",
        "space before body": b" " + BODY,
        "byte order mark": b"\xef\xbb\xbf" + BODY,
        "body twice": BODY + BODY,
        "written again": BODY.replace(b'":', b'": '),
        "in latin-1": BODY.decode().encode("latin-1"),
        "escaped": BODY.decode().encode("ascii", "backslashreplace"),
        "in capitals": BODY.upper(),
    }.items():
        yield name, headers(), body


def _spoiled_headers() -> Iterator[tuple[str, Headers, bytes]]:
    """Let a genuine signature come with a shop whose secret it does not fit."""
    yield "another shop", headers(shop_domain=OTHER_SHOP), BODY
    yield "an unknown shop", headers(shop_domain="nobody.myshopify.com"), BODY
    yield "two shops", [*headers(), ("x-shopify-shop-domain", OTHER_SHOP)], BODY
    yield "the same shop twice", [*headers(), ("x-shopify-shop-domain", SHOP)], BODY
    yield "no shop", headers(shop_domain=None), BODY
    yield "empty shop", headers(shop_domain=""), BODY
    yield "no topic", headers(topic=None), BODY
    yield "two topics", [*headers(), ("x-shopify-topic", "orders/delete")], BODY
    yield "our own topic", headers(topic="imports/order"), BODY
    yield "our other topic", headers(topic="predictions/served"), BODY
    yield "no webhook id", headers(webhook_id=None), BODY
    yield "two webhook ids", [*headers(), ("x-shopify-webhook-id", "other")], BODY
    yield "no version", headers(api_version=None), BODY
    yield "a version that is none", headers(api_version="../2026-07"), BODY
