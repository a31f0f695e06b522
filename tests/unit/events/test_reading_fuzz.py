"""No body, however broken, raises anything but Unreadable."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_payloads import STORE, line, money, order, pseudonymise, refund

from shopwright.core.errors import Unreadable
from shopwright.core.types.ledger import Telling
from shopwright.events.imported import ImportedLine, ImportedOrder, ImportedRefund, encode
from shopwright.events.order_chain import chain, gather
from shopwright.events.shopify import TOPICS, read
from shopwright.events.subject import subject_of

SECRETIVE = "Anna Privat"
"""Stands for personal data: put in everywhere, and never to be seen in a reason."""

IMPORTED = ImportedOrder(
    order_id="A1",
    customer_id="C1",
    occurred_us=1,
    currency="GBP",
    lines=(ImportedLine(line_id="1", quantity=1, unit_price_minor=5),),
    refunds=(ImportedRefund(refund_id="R", known_us=2, lines=(("1", 1, 5),)),),
)

SEEDS: dict[str, Any] = {
    "orders/updated": order(
        line_items=[
            line(discount_allocations=[{"amount": "1.00", "amount_set": money("1.00")}]),
            line(id=12, tax_lines=[{"price": "1.00", "price_set": money("1.00")}]),
        ],
        refunds=[refund()],
        taxes_included=True,
    ),
    "orders/edited": {"order_edit": {"order_id": 1, "committed_at": "2026-03-02T12:00:00Z"}},
    "orders/delete": {"id": 1},
    "refunds/create": refund(),
    "products/update": {
        "id": 1,
        "title": "Mug",
        "category": {"full_name": "Mugs"},
        "variants": [{"id": 2, "price": "1.00", "sku": "M", "inventory_quantity": 3}],
    },
    "customers/update": {"id": 1, "updated_at": "2026-03-02T12:00:00Z", "state": "enabled"},
    "customers/merge": {
        "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
        "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
        "status": "completed",
    },
    "imports/order": json.loads(encode(IMPORTED)),
}


def attempt(topic: str, body: bytes) -> tuple[Telling, ...] | str:
    try:
        return read(topic, body, STORE, pseudonymise, triggered_us=3, received_us=4)
    except Unreadable as error:
        return str(error)


def survives(topic: str, body: bytes) -> None:
    subject_of(topic, body, pseudonymise)
    outcome = attempt(topic, body)
    if isinstance(outcome, str):
        assert SECRETIVE not in outcome
        assert "\n" not in outcome
        assert len(outcome) < 300
        return
    # What was read can also be kept and drawn, whatever it says.
    for telling in gather(outcome, outcome):
        for version in chain(STORE.store_id, pseudonymise("order", "1"), [telling], ()):
            assert 0 <= version.refund_minor <= version.gross_minor < 1 << 53


wrong_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 2**53 + 1, 2**63, 2**64, 10**400, 1e308, -0.0, 1.5]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [SECRETIVE, "", "\x00", "1e9", "NaN", "-1", "1.00", "gid://shopify/Order/1", "٣", "_1"]
    ),
    st.sampled_from(["2026-03-02", "2026-03-02T12:00:00", "9999-12-31T23:59:59-23:59"]),
    st.text(max_size=10),
    st.just([]),
    st.just({}),
    st.just([SECRETIVE]),
    st.just({SECRETIVE: SECRETIVE}),
)


def _places(node: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, ...]] = [path]
    children: Any = ()
    if isinstance(node, dict):
        children = node.items()
    elif isinstance(node, list):
        children = enumerate(node)
    for key, child in children:
        inner += _places(child, (*path, key))
    return inner


def _put(node: Any, path: tuple[Any, ...], value: object) -> Any:
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = _put(node[path[0]], path[1:], value)
    return copy


@given(st.sampled_from(sorted(SEEDS)), st.data())
def test_wrong_values_anywhere(topic: str, data: st.DataObject) -> None:
    payload = SEEDS[topic]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(_places(payload)))
        payload = _put(payload, place, data.draw(wrong_values))
    survives(topic, json.dumps(payload).encode())


@given(st.sampled_from(sorted(SEEDS)), st.data())
def test_broken_bytes(topic: str, data: st.DataObject) -> None:
    body = bytearray(json.dumps(SEEDS[topic]).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        cut = data.draw(st.integers(0, 5))
        body[at : at + cut] = data.draw(st.binary(max_size=4))
        body = body or bytearray(b"{")
    survives(topic, bytes(body))


@given(st.sampled_from(sorted(TOPICS)), st.binary(max_size=300))
def test_random_bytes(topic: str, body: bytes) -> None:
    survives(topic, body)


BOMBS = {
    "empty": b"",
    "byte order mark": b"\xef\xbb\xbf{}",
    "nulls": b"\x00" * 100,
    "deep arrays": b'{"note":' + b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "closed deep arrays": b'{"note":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "not a number": b'{"id":NaN}',
    "infinity": b'{"id":Infinity}',
    "long number": b'{"id":' + b"9" * 100_000 + b"}",
    "long number as text": b'{"id":"' + b"9" * 100_000 + b'"}',
    "not UTF-8": b'{"id":"\xff\xfe"}',
    "half a pair": b'{"id":"\\ud800"}',
    "two bodies": b'{"id":1}{"id":2}',
    "a list": b"[]",
    "a word": b"null",
}


@pytest.mark.parametrize("bomb", sorted(BOMBS))
@pytest.mark.parametrize("topic", sorted(SEEDS))
def test_bombs_are_unreadable(topic: str, bomb: str) -> None:
    body = BOMBS[bomb]
    subject_of(topic, body, pseudonymise)
    with pytest.raises(Unreadable, match="cannot be read"):
        read(topic, body, STORE, pseudonymise, triggered_us=None, received_us=4)


@pytest.mark.parametrize(
    "price", ["1e999999999", "-1e999999999", "0." + "1" * 100_000, "9" * 5_000]
)
def test_numbers_that_would_fill_the_memory_are_unreadable(price: str) -> None:
    body = json.dumps(order(line_items=[line(price_set=None, price="PRICE")]))
    for spelling in (price, f'"{price}"'):
        with pytest.raises(Unreadable, match="not a plain decimal"):
            read(
                "orders/create",
                body.replace('"PRICE"', spelling).encode(),
                STORE,
                pseudonymise,
                triggered_us=None,
                received_us=4,
            )
