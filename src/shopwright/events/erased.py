"""What stays in the log of an order whose customer was erased: the sale without the person.

The order's own events were sealed under keys that are destroyed. So that a replay of the log still
rebuilds the ledger, what may be told of the order is written once more, as an event about nobody.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Unreadable
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import OrderDeletion, OrderEdit, OrderFact, RefundFact

TOPIC = "erased/order"
MARK_TOPIC = "erased/mark"
"""Says only that an erasure had come this far; a model whose log position lies beyond it began to
learn when the history no longer named the person."""

PARTITION = "erasures"
"""The partition of the log that the owner of the ledger writes; nobody else does."""

FORMAT = 1


class _ErasedOrder(Struct, frozen=True, array_like=True):
    format: int
    order: Pseudonym
    tellings: tuple[OrderFact | RefundFact | OrderDeletion | OrderEdit, ...]


def residue(tellings: Sequence[Telling]) -> tuple[Telling, ...]:
    """Return those tellings of an order that name nobody; the others lie in their own events."""
    return tuple(
        one
        for one in tellings
        if isinstance(one, RefundFact | OrderDeletion | OrderEdit)
        or (isinstance(one, OrderFact) and one.customer is None)
    )


def encode(order: Pseudonym, tellings: Sequence[Telling]) -> bytes:
    """Return the body of the event; equal tellings give equal bytes. Raises ValueError."""
    if any(isinstance(one, OrderFact) and one.customer is not None for one in tellings):
        raise ValueError("what is left of an erased order names nobody")
    return _ENCODER.encode((FORMAT, order, tuple(tellings)))


def decode(body: bytes) -> tuple[Telling, ...]:
    """Return the order's tellings. Raises Unreadable."""
    try:
        read = _DECODER.decode(body)
    except NOT_DECODABLE as error:
        raise Unreadable(f"{TOPIC} cannot be read: {error}") from None
    if read.format > FORMAT:
        raise Unreadable(f"{TOPIC}: a newer Shopwright wrote it; upgrade this one, then replay it")
    if any(isinstance(one, OrderFact) and one.customer is not None for one in read.tellings):
        raise Unreadable(f"{TOPIC} cannot be read: it names a customer")
    if any(one.order != read.order for one in read.tellings):
        raise Unreadable(f"{TOPIC} cannot be read: it speaks of two orders")
    return read.tellings


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_ErasedOrder)
