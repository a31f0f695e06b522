"""Every parser that meets bytes from outside, as a function that fuzzing can call.

The law is one: whatever the bytes, only the errors that the parser declares may come out. A target
swallows those, and lets everything else through, for the fuzzer to find.
"""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import structs

from shopwright.adapters.table_files import TableFile
from shopwright.core.errors import BadInput, Damaged, NotReady, ShopwrightError, Unreadable
from shopwright.core.types.event import Delivery
from shopwright.core.types.identity import Pseudonym, StoreId, store_id_of
from shopwright.core.types.order import UNTIL_FOREVER_US, OrderVersion
from shopwright.core.types.store import Store
from shopwright.events import column_map, erased, privacy
from shopwright.events.contacts import read_contacts
from shopwright.events.instant import instant_us
from shopwright.events.shopify import TOPICS, read
from shopwright.events.subject import subject_of
from shopwright.events.transaction_rows import RowReader
from shopwright.events.webhook import sign, verify
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import evaluate, pack
from shopwright.privacy.pseudonyms import parse, plain_id
from shopwright.privacy.sealing import seal, unseal
from shopwright.training.booster import read_booster
from shopwright.training.proof import decode_proof
from shopwright.training.registration import decode_registration

STORE = Store(
    store_id=StoreId("pots.myshopify.com"), currency="GBP", timezone="Europe/London", added_us=0
)
TOPIC_LIST = sorted({*TOPICS, *privacy.TOPICS, "unknown/topic", "customer.tags_added"})
KEY = bytes(range(32))
REASON_LENGTH_MAX = 500

Target = Callable[[bytes], object]


def pseudonymise(kind: str, original_id: str) -> Pseudonym:
    """Return a pseudonym; encodes strictly, as the real one does."""
    return Pseudonym(hashlib.blake2b(f"{kind}:{original_id}".encode(), digest_size=16).digest())


def read_topic(topic: str, body: bytes) -> str | None:
    """Read a body as the worker does; return the reason when it is unreadable."""
    subject_of(topic, body, pseudonymise)
    try:
        read_contacts(topic, body, pseudonymise)
        if topic in privacy.TOPICS:
            privacy.read_request(
                topic, body, STORE, pseudonymise, request_id="00" * 16, received_us=2
            )
        else:
            read(topic, body, STORE, pseudonymise, triggered_us=1, received_us=2)
    except Unreadable as error:
        reason = str(error)
        assert len(reason) < REASON_LENGTH_MAX, "a reason is one line, not the payload"
        assert reason.isprintable(), "a reason holds no control character"
        return reason
    return None


def _read(data: bytes) -> None:
    if data:
        read_topic(TOPIC_LIST[data[0] % len(TOPIC_LIST)], data[1:])


def _verify(data: bytes) -> None:
    """The bytes are headers, one a line, and behind an empty line a body."""
    head, _, body = data.partition(b"\n\n")
    lines = head.decode("latin-1").split("\n")
    headers = tuple((name, value) for name, _, value in (line.partition(":") for line in lines))
    verdict = verify(Delivery(headers=headers, body=body, received_us=1), lambda _: [KEY])
    believed = getattr(verdict, "store_id", None) is not None
    assert not believed or ("x-shopify-hmac-sha256", sign(KEY, body)) in _lowered(headers)


def _lowered(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in headers]


def _record(data: bytes) -> None:
    _declared(lambda: evaluate(CUSTOMER, data, 1_795_000_000_000_000, 100), Damaged, NotReady)


def _text(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    parse(text)
    instant_us(text)
    store_id_of(text)
    _declared(lambda: plain_id(text), BadInput)
    _declared(lambda: column_map.parse(text, "fuzz"), BadInput)


def _sealed(data: bytes) -> None:
    _declared(lambda: unseal(KEY, data, b"place"), Damaged)


def _own_files(data: bytes) -> None:
    _declared(lambda: read_booster(data), Damaged)
    _declared(lambda: decode_proof(data, CUSTOMER.names), Damaged)
    _declared(lambda: decode_registration(data), Damaged)
    _declared(lambda: erased.decode(data), Damaged, Unreadable)


def _csv(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(data)
        _declared(lambda: _all_rows(path), BadInput)


def _all_rows(path: Path) -> None:
    table = TableFile(path)
    roles = dict(zip(column_map.REQUIRED, table.columns * len(column_map.REQUIRED), strict=False))
    reader = RowReader(column_map.Rules(), STORE.currency, ZoneInfo(STORE.timezone))
    for batch in table.batches(roles):
        reader.read(batch)


def _declared(call: Callable[[], object], *errors: type[ShopwrightError]) -> None:
    with suppress(*errors):
        call()


TARGETS: Mapping[str, Target] = {
    "read": _read,
    "verify": _verify,
    "record": _record,
    "text": _text,
    "sealed": _sealed,
    "own_files": _own_files,
    "csv": _csv,
}


def seeds_of(target: str, bodies: Mapping[str, bytes]) -> list[bytes]:
    """Return inputs that are right, or nearly: from them a fuzzer finds the rest sooner."""
    if target == "read":
        return [
            bytes([TOPIC_LIST.index(topic)]) + body
            for topic, body in bodies.items()
            if topic in TOPIC_LIST
        ]
    return _SEEDS[target]()


def _verify_seeds() -> list[bytes]:
    body = b'{"id":1}'
    lines = {
        "x-shopify-topic": "orders/create",
        "x-shopify-hmac-sha256": sign(KEY, body),
        "x-shopify-shop-domain": STORE.store_id,
        "x-shopify-api-version": "2026-07",
        "x-shopify-webhook-id": "w",
        "x-shopify-triggered-at": "2026-03-02T12:00:00.123456789Z",
    }
    head = "\n".join(f"{name}:{value}" for name, value in lines.items())
    return [head.encode() + b"\n\n" + body]


def _record_seeds() -> list[bytes]:
    told = OrderVersion(
        store_id=STORE.store_id,
        order=Pseudonym(bytes(16)),
        version=0,
        customer=Pseudonym(bytes(16)),
        known_us=1_700_000_000_000_000,
        known_until_us=UNTIL_FOREVER_US,
        occurred_us=1_700_000_000_000_000,
        valid=True,
        gross_minor=5_000,
        refund_minor=100,
        lines=(),
        reconstructed=False,
        sold=True,
        discount_minor=250,
    )
    newer = structs.replace(
        told, occurred_us=1_794_000_000_000_000, order=Pseudonym(bytes(15) + b"1")
    )
    floors = (1_700_000_000_000_000, 1_794_900_000_000_000)
    return [pack(of, floor) for of in ((), (told,), (told, newer)) for floor in floors]


def _text_seeds() -> list[bytes]:
    return [
        b"gid://shopify/Customer/207119551",
        b"207119551",
        b"0123456789abcdef0123456789abcdef",
        b"2026-03-02T12:00:00.123456789+01:30",
        b"pots.myshopify.com",
        b'[columns]\ninvoice = "order"\n[rules]\nmerchandise = "^[0-9]"\n',
    ]


_SEEDS: Mapping[str, Callable[[], list[bytes]]] = {
    "verify": _verify_seeds,
    "record": _record_seeds,
    "text": _text_seeds,
    "sealed": lambda: [seal(KEY, b"body", b"place", bytes(12))],
    "own_files": lambda: [
        b'{"learner":{"feature_names":["a"],"objective":{"name":"binary:logistic"},'
        b'"learner_model_param":{"base_score":"[5E-1]"},'
        b'"gradient_booster":{"model":{"trees":[]}}}}',
        b'{"format":1,"features":[],"rows":[],"margins":[]}',
        bytes([0x82]) + b"\xa6format\x01\xa8tellings\x90",
    ],
    "csv": lambda: [
        b"invoice,sku,quantity,occurred_at,unit_price\n1,12345,2,2026-03-02,9.99\nC1,12345,-1,x,1\n",
        b'a;b\n"unended',
    ],
}
