"""Reads refunds: inside an order, or alone (``refunds/create``).

Only refunded merchandise is read; shipping, duties and goodwill are money back, not goods back.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import Refund, RefundFact
from shopwright.events.order_fact import check_refund, merged_refund_lines
from shopwright.events.reading import (
    UNITS_MAX,
    MoneySet,
    Reading,
    ShopifyId,
    date_us,
    decode,
    first_id,
    plain_id,
    shop_minor,
)

Units = Annotated[int, Meta(ge=0, le=UNITS_MAX)]


class RefundLinePayload(Struct, frozen=True, gc=False):
    """Units of one order line that came back."""

    line_item_id: ShopifyId
    quantity: Units
    subtotal: Decimal | None = None
    subtotal_set: MoneySet | None = None
    total_tax: Decimal | None = None
    total_tax_set: MoneySet | None = None


class RefundPayload(Struct, frozen=True):
    """A refund, alone or inside its order."""

    id: ShopifyId | None = None
    admin_graphql_api_id: str | None = None
    order_id: ShopifyId | None = None
    created_at: str | None = None
    processed_at: str | None = None
    refund_line_items: list[RefundLinePayload] | None = None


def read_refund(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the refund as a fact of its own. Raises Unreadable.

    This payload does not say whether prices include tax, so its subtotals count as without. The
    order's next telling repeats the refund and does say it; that telling wins.
    """
    payload = decode(_DECODER, body)
    order_id = first_id("order_id", payload.order_id)
    refund = refund_of(payload, reading, taxes_included=False)
    check_refund(refund)
    return (RefundFact(order=reading.pseudonymise("order", order_id), refund=refund),)


def refund_of(payload: RefundPayload, reading: Reading, *, taxes_included: bool) -> Refund:
    """Return one refund, known from its ``created_at``."""
    known_us = date_us(payload.created_at, "created_at of a refund")
    if known_us is None:
        known_us = date_us(payload.processed_at, "processed_at of a refund")
    if known_us is None:
        raise Unreadable("a refund has no date")
    return Refund(
        refund_id=first_id("id of a refund", payload.id, payload.admin_graphql_api_id),
        known_us=known_us,
        lines=merged_refund_lines(
            _lines(payload.refund_line_items or (), reading, taxes_included=taxes_included)
        ),
    )


def _lines(
    payloads: Iterable[RefundLinePayload], reading: Reading, *, taxes_included: bool
) -> Iterator[tuple[str, int, int]]:
    for line in payloads:
        minor = shop_minor(line.subtotal_set, line.subtotal, reading)
        if minor is None:
            raise Unreadable("a refunded line has no subtotal")
        if taxes_included:
            minor -= shop_minor(line.total_tax_set, line.total_tax, reading) or 0
        yield plain_id(line.line_item_id, "line_item_id of a refund"), line.quantity, max(0, minor)


_DECODER = msgspec.json.Decoder(RefundPayload)
