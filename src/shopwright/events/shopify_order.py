"""Reads ``orders/*``: the whole order, or that it was edited or deleted.

Keys as in the webhook reference of API 2026-07; unknown ones are passed over, and null is taken
wherever Shopify may leave something out (protected data, draft orders, point of sale).
https://shopify.dev/docs/api/admin-rest/latest/resources/order
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import Line, OrderDeletion, OrderEdit
from shopwright.events.deletion import deleted_id
from shopwright.events.order_fact import OrderParts, line_money, order_fact
from shopwright.events.reading import (
    MoneySet,
    Reading,
    ShopifyId,
    check_currency,
    check_kind,
    date_us,
    decode,
    first_id,
    plain_id,
    plain_id_or_none,
    shop_minor,
    text_or_none,
)
from shopwright.events.shopify_refund import RefundPayload, Units, refund_of

# Never charged, and never will be: an authorisation that was voided or ran out.
VOIDED = frozenset({"voided", "expired"})


class DiscountPayload(Struct, frozen=True, gc=False):
    """A line's share of one discount, of the line or of the whole order."""

    amount: Decimal | None = None
    amount_set: MoneySet | None = None


class TaxPayload(Struct, frozen=True, gc=False):
    """One tax on a line, for all of its units."""

    price: Decimal | None = None
    price_set: MoneySet | None = None


class LinePayload(Struct, frozen=True):
    """One order line."""

    id: ShopifyId
    quantity: Units
    current_quantity: Units | None = None
    price: Decimal | None = None
    price_set: MoneySet | None = None
    product_id: ShopifyId | None = None
    variant_id: ShopifyId | None = None
    sku: str | None = None
    gift_card: bool | None = None
    discount_allocations: list[DiscountPayload] | None = None
    tax_lines: list[TaxPayload] | None = None


class CustomerRef(Struct, frozen=True, gc=False):
    """The order's customer: only who, never what Shopify tells of them."""

    id: ShopifyId | None = None
    admin_graphql_api_id: str | None = None


class OrderPayload(Struct, frozen=True):
    """A whole order, as far as it is read."""

    id: ShopifyId | None = None
    admin_graphql_api_id: str | None = None
    customer: CustomerRef | None = None
    created_at: str | None = None
    processed_at: str | None = None
    updated_at: str | None = None
    cancelled_at: str | None = None
    currency: str | None = None
    financial_status: str | None = None
    confirmed: bool | None = None
    test: bool | None = None
    taxes_included: bool | None = None
    line_items: list[LinePayload] | None = None
    refunds: list[RefundPayload] | None = None


class EditBody(Struct, frozen=True):
    """What ``orders/edited`` says of the edit: only differences, so none is read."""

    order_id: ShopifyId
    committed_at: str | None = None


class EditPayload(Struct, frozen=True):
    """The body of ``orders/edited``."""

    order_edit: EditBody


def read_order(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the order's one fact. Raises Unreadable."""
    payload = decode(_ORDER, body)
    check_kind(payload.admin_graphql_api_id, "Order")
    check_currency(payload.currency, reading)
    created_us = date_us(payload.created_at, "created_at")
    occurred_us = date_us(payload.processed_at, "processed_at")
    first_us = created_us if created_us is not None else occurred_us
    if first_us is None:
        raise Unreadable("created_at is missing")
    updated_us = date_us(payload.updated_at, "updated_at")
    taxes_included = bool(payload.taxes_included)
    lines = payload.line_items
    if lines is None:
        raise Unreadable("line_items is missing; the webhook subscription must not leave it out")
    parts = OrderParts(
        order_id=first_id("id", payload.id, payload.admin_graphql_api_id),
        customer_id=_customer_id(payload.customer),
        occurred_us=first_us if occurred_us is None else occurred_us,
        created_us=first_us,
        updated_us=reading.told_us if updated_us is None else updated_us,
        triggered_us=reading.triggered_us,
        test=bool(payload.test),
        confirmed=payload.confirmed is not False,
        cancelled_us=date_us(payload.cancelled_at, "cancelled_at"),
        voided=payload.financial_status in VOIDED,
        # Without its refunds a payload cannot tell a refunded unit from one that was edited off.
        current_units={} if payload.refunds is None else _current_units(lines),
        lines=[_line(line, reading, taxes_included=taxes_included) for line in lines],
        refunds=[
            refund_of(refund, reading, taxes_included=taxes_included)
            for refund in payload.refunds or ()
        ],
    )
    return (order_fact(parts, reading),)


def read_edit(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return that the order was edited. Raises Unreadable."""
    edit = decode(_EDIT, body).order_edit
    order_id = plain_id(edit.order_id, "order_id")
    committed_us = date_us(edit.committed_at, "committed_at")
    known_us = reading.told_us if committed_us is None else committed_us
    return (OrderEdit(order=reading.pseudonymise("order", order_id), known_us=known_us),)


def read_deletion(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return that the order was deleted; Shopify does not date it, so when it was told.

    Raises Unreadable.
    """
    order = reading.pseudonymise("order", deleted_id(body, "Order"))
    return (OrderDeletion(order=order, known_us=reading.told_us),)


def _customer_id(customer: CustomerRef | None) -> str | None:
    if customer is None:
        return None
    found = customer.admin_graphql_api_id if customer.id is None else customer.id
    return plain_id_or_none(found, "id of the customer")


def _current_units(lines: Sequence[LinePayload]) -> dict[str, int]:
    return {
        plain_id(line.id, "id of a line"): line.current_quantity
        for line in lines
        if line.current_quantity is not None
    }


def _line(line: LinePayload, reading: Reading, *, taxes_included: bool) -> Line:
    gross_minor, discount_minor = _money(line, reading, taxes_included=taxes_included)
    return Line(
        line_id=plain_id(line.id, "id of a line"),
        product_id=plain_id_or_none(line.product_id, "product_id of a line"),
        variant_id=plain_id_or_none(line.variant_id, "variant_id of a line"),
        sku=text_or_none(line.sku, "sku of a line"),
        quantity=line.quantity,
        gross_minor=gross_minor,
        gift_card=bool(line.gift_card),
        discount_minor=discount_minor,
    )


def _money(line: LinePayload, reading: Reading, *, taxes_included: bool) -> tuple[int, int]:
    """Return (quantity × price − discounts, discounts), without tax, each at least 0.

    ``total_discount`` is not read: it leaves out the discounts of the whole order.
    """
    unit_minor = shop_minor(line.price_set, line.price, reading)
    if unit_minor is None:
        raise Unreadable("a line has no price")
    off_minor = sum(
        shop_minor(share.amount_set, share.amount, reading) or 0
        for share in line.discount_allocations or ()
    )
    taxes = line.tax_lines or () if taxes_included else ()
    tax_minor = sum(shop_minor(tax.price_set, tax.price, reading) or 0 for tax in taxes)
    return line_money(line.quantity * unit_minor, off_minor, tax_minor)


_ORDER = msgspec.json.Decoder(OrderPayload)
_EDIT = msgspec.json.Decoder(EditPayload)
