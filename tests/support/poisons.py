"""Bodies that no shop would send: every way to spoil a payload that the tests know.

Each is made from a genuine payload and a generator, so a seed repeats it. A canary stands for
personal data: it is put in wherever a text fits, and must be seen nowhere but in the sealed body.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shopwright.core.clock import US_PER_SECOND
from shopwright.events.imported import ImportedLine, ImportedOrder, ImportedProduct, encode
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import PROFILES, open_store

CANARY = "Anna Kanarienvogel-Privat"
EXAMPLES = Path(__file__).resolve().parents[3] / "shared/shopify/webhook_schemas_2026-07.json.gz"
HUGE_BYTES = 5 << 20
DEPTH = 10_000

WRONG_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, -0.0, 2**53 + 1, 2**63, 2**64, 10**400, 1e308, "", " ", "\0", "NaN",
    "1e999", "-1", "٣", "_1", "1_000", "0x10", "gid://shopify/Order/1", "gid://shopify/Order/x",
    "gid://shopify/Customer/99999999999999999999", "gid://evil/Order/1", CANARY, CANARY * 100,
    f"gid://shopify/{CANARY}/1", "2026-02-30T00:00:00Z", "0000-00-00", "9999-12-31T23:59:59-23:59",
    "2026-03-02", "XXX", "usd", [], {}, [CANARY], {CANARY: CANARY}, [[]], [None], {"": {}},
    "../../etc/passwd", "'; DROP TABLE events; --", "{{ 7*7 }}", "<script>", "\u202e", "\ufeff",
)  # fmt: skip
RAW_VALUES = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e-999", b"9" * 5_000, b'"\\ud800"',
    b'"\\udfff\\ud800"', b'"\xff\xfe"', b'"\x00"', b"'single'", b"undefined", b"0123", b"+1", b".5",
    b"1.", b"tru", b'"unended', b"/* comment */ 1", b"[1,]", b'{"a":1,}', b'{"id":1,"id":2}',
)  # fmt: skip


def whole_bodies(body: bytes) -> dict[str, bytes]:
    """Return what is done to a body as a whole, whatever it says."""
    return {
        "nothing": b"",
        "one null byte": b"\0",
        "null bytes": b"\0" * 1_000,
        "null behind": body + b"\0",
        "byte order mark": b"\xef\xbb\xbf" + body,
        "UTF-16": body.decode("utf-8", "replace").encode("utf-16"),
        "not UTF-8": b"\xff\xfe" + body,
        "truncated": body[: len(body) // 2],
        "two bodies": body + body,
        "a list": b"[" + body + b"]",
        "a text": json.dumps(body.decode("utf-8", "replace")).encode(),
        "null": b"null",
        "a number": b"1e999",
        "deep arrays": b'{"id":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        "deep objects": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
        "open depth": b"[" * DEPTH,
        "form": b"id=1&customer=2",
        "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "gzip": gzip.compress(body, mtime=0),
        "twice each key": body[:-1] + b"," + body[1:] if body.startswith(b"{") else body,
    }


def huge_bodies(body: bytes) -> dict[str, bytes]:
    """Return bodies of five megabytes; few of them go a long way."""
    filler = b"x" * HUGE_BYTES
    return {
        "huge text": body[:-1] + b',"note":"' + filler + b'"}',
        "huge blank": body + b" " * HUGE_BYTES,
        "huge number": b'{"id":' + b"9" * HUGE_BYTES + b"}",
        "huge list": b'{"line_items":[' + b"0," * (HUGE_BYTES // 2) + b"0]}",
        "many keys": b"{" + b",".join(b'"k%d":1' % n for n in range(400_000)) + b"}",
    }


def mutations(body: bytes, rng: np.random.Generator, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield that many spoiled bodies with their names: the whole-body ones, then drawn ones."""
    whole = list(whole_bodies(body).items())[:count]
    yield from whole
    payload = _payload(body)
    for number in range(count - len(whole)):
        kind = ("value", "raw", "missing", "bytes", "keys")[int(rng.integers(5))]
        yield f"{kind} {number}", _drawn(kind, payload, body, rng)


def _drawn(kind: str, payload: Any, body: bytes, rng: np.random.Generator) -> bytes:
    if kind == "bytes" or not isinstance(payload, dict) or not payload:
        return _broken_bytes(body, rng)
    if kind == "missing":
        return json.dumps(_without(payload, _place(payload, rng))).encode()
    if kind == "keys":
        name = json.dumps(str(rng.choice(sorted(payload)))).encode()
        raw = RAW_VALUES[int(rng.integers(len(RAW_VALUES)))]
        return body[:-1] + b"," + name + b":" + raw + b"}"
    if kind == "raw":
        marked = json.dumps(_put(payload, _place(payload, rng), "\x01raw")).encode()
        return marked.replace(b'"\\u0001raw"', RAW_VALUES[int(rng.integers(len(RAW_VALUES)))])
    changed = payload
    for _ in range(int(rng.integers(1, 4))):
        value = WRONG_VALUES[int(rng.integers(len(WRONG_VALUES)))]
        changed = _put(changed, _place(changed, rng), value)
    return json.dumps(changed).encode()


def _broken_bytes(body: bytes, rng: np.random.Generator) -> bytes:
    broken = bytearray(body or b"{}")
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(len(broken) + 1))
        broken[at : at + int(rng.integers(6))] = rng.bytes(int(rng.integers(5)))
    return bytes(broken)


def _payload(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _place(node: Any, rng: np.random.Generator) -> tuple[Any, ...]:
    """Return a path to some value, the deep ones as likely as the shallow ones."""
    path: tuple[Any, ...] = ()
    while isinstance(node, dict | list) and node and (not path or rng.random() < 0.6):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = keys[int(rng.integers(len(keys)))]
        path, node = (*path, key), node[key]
    return path


def _put(node: Any, path: tuple[Any, ...], value: object) -> Any:
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = _put(node[path[0]], path[1:], value)
    return copy


def _without(node: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return {}
    copy = dict(node) if isinstance(node, dict) else list(node)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(node[path[0]], path[1:])
    return copy


def own_seeds() -> dict[str, bytes]:
    """Return one genuine payload of every topic that the project can write itself."""
    shop = open_store(
        PROFILES[0],
        1_795_000_000 * US_PER_SECOND,
        4,
        Scale(customers=150, days=120, fulfilment_told_share=0.5),
    )
    found = {one.topic: one.body for one in shop.webhooks()}
    line = ImportedLine(line_id="1", quantity=2, unit_price_minor=500)
    found["imports/order"] = encode(
        ImportedOrder(order_id="A1", customer_id="C1", occurred_us=1, currency="GBP", lines=(line,))
    )
    found["imports/product"] = encode(
        ImportedProduct(product_id="P", sku=None, title="Mug", category="Mugs", known_us=1)
    )
    person = {"id": 7, "email": "kanarienvogel@example.com", "phone": "+49 30 901820"}
    head = {"shop_id": 954889, "shop_domain": PROFILES[0].domain}
    redact = head | {"customer": person, "orders_to_redact": [1, 2]}
    asked = head | {"customer": person, "orders_requested": [1], "data_request": {"id": 3}}
    found["customers/redact"] = json.dumps(redact).encode()
    found["customers/data_request"] = json.dumps(asked).encode()
    found["shop/redact"] = json.dumps(head).encode()
    found["checkouts/update"] = json.dumps({"id": 5, "customer": person}).encode()
    return found


def published_seeds() -> dict[str, bytes]:
    """Return Shopify's own example of every topic; nothing where they are not here."""
    if not EXAMPLES.is_file():
        return {}
    topics = json.loads(gzip.decompress(EXAMPLES.read_bytes()))["topics"]
    return {topic: json.dumps(entry["example"]).encode() for topic, entry in topics.items()}
