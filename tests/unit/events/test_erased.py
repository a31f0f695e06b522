"""What stays in the log of an erased person's order names nobody, and is read back as it was."""

import msgspec
import pytest
from shop_payloads import pseudonymise

from shopwright.core.errors import Unreadable
from shopwright.core.types.order import OrderDeletion, OrderFact, Refund, RefundFact
from shopwright.events.erased import FORMAT, decode, encode, residue

ORDER, OTHER = pseudonymise("order", "1"), pseudonymise("order", "2")
FACT = OrderFact(
    order=ORDER, customer=None, occurred_us=1, created_us=1, updated_us=2, triggered_us=0,
    test=False, confirmed=True, cancelled_us=None, voided=False, edited_off=(), lines=(),
    refunds=(),
)  # fmt: skip
NAMED = msgspec.structs.replace(FACT, customer=pseudonymise("customer", "7"))
REFUND = RefundFact(order=ORDER, refund=Refund(refund_id="9", known_us=5, lines=(("1", 1, 250),)))
GONE = OrderDeletion(order=ORDER, known_us=9)


def test_it_is_read_back_as_it_was() -> None:
    told = (FACT, REFUND, GONE)
    assert decode(encode(ORDER, told)) == told
    assert encode(ORDER, told) == encode(ORDER, list(told))


def test_only_what_names_nobody_stays() -> None:
    assert residue((NAMED, FACT, REFUND, GONE)) == (FACT, REFUND, GONE)


def test_a_customer_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="names nobody"):
        encode(ORDER, (NAMED,))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "cannot be read"),
        (b'{"id": 1}', "cannot be read"),
        (msgspec.msgpack.encode((FORMAT + 1, ORDER, ())), "newer Shopwright"),
        (msgspec.msgpack.encode((FORMAT, ORDER, (NAMED,))), "names a customer"),
        (msgspec.msgpack.encode((FORMAT, OTHER, (FACT,))), "two orders"),
    ],
)
def test_anything_else_is_unreadable(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        decode(body)
