"""Reads an order of the Admin API: the node that a bulk operation gives, its children inside it.

It becomes a fact by the same construction as a webhook's payload, so both give the same ledger
rows. A bulk operation cannot reach the lines of a refund; the agreement behind the refund tells the
same sales, negative. https://shopify.dev/docs/api/admin-graphql/2026-10/interfaces/SalesAgreement
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import Line, Refund
from shopwright.events.order_fact import (
    OrderParts,
    line_money,
    merged_refund_lines,
    order_fact,
)
from shopwright.events.reading import (
    MoneySet,
    Reading,
    ShopifyId,
    ShopMoney,
    check_currency,
    check_kind,
    date_us,
    decode,
    plain_id,
    plain_id_or_none,
    shop_minor,
    text_or_none,
)
from shopwright.events.shopify_order import VOIDED
from shopwright.events.shopify_refund import Units

TOPIC = "admin/order"
MERCHANDISE = ("PRODUCT", "GIFT_CARD")


class _Money(Struct, frozen=True, gc=False, rename="camel"):
    amount: str
    currency_code: str | None = None


class _Bag(Struct, frozen=True, gc=False, rename="camel"):
    shop_money: _Money


class _Ref(Struct, frozen=True, gc=False):
    id: ShopifyId


class _Discount(Struct, frozen=True, gc=False, rename="camel"):
    allocated_amount_set: _Bag


class _Tax(Struct, frozen=True, gc=False, rename="camel"):
    price_set: _Bag


class _Line(Struct, frozen=True, rename="camel"):
    id: ShopifyId
    quantity: Units
    current_quantity: Units
    original_unit_price_set: _Bag
    is_gift_card: bool
    sku: str | None = None
    product: _Ref | None = None
    variant: _Ref | None = None
    discount_allocations: tuple[_Discount, ...] = ()
    tax_lines: tuple[_Tax, ...] = ()


class _Refund(Struct, frozen=True, gc=False, rename="camel"):
    id: ShopifyId
    created_at: str | None = None
    processed_at: str | None = None


class _Sale(Struct, frozen=True, rename="camel"):
    line_type: str
    total_amount: _Bag
    total_tax_amount: _Bag
    quantity: int | None = None
    line_item: _Ref | None = None


class _Agreement(Struct, frozen=True):
    sales: tuple[_Sale, ...] = ()
    refund: _Ref | None = None


class _Order(Struct, frozen=True, kw_only=True, rename="camel"):
    id: ShopifyId
    created_at: str
    updated_at: str
    processed_at: str | None = None
    cancelled_at: str | None = None
    test: bool
    confirmed: bool
    currency_code: str
    taxes_included: bool
    display_financial_status: str | None = None
    customer: _Ref | None = None
    refunds: tuple[_Refund, ...] = ()
    line_items: tuple[_Line, ...]
    agreements: tuple[_Agreement, ...]


def read_order(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the order's one fact. Raises Unreadable."""
    node = decode(_ORDER, body)
    check_kind(str(node.id), "Order")
    check_currency(node.currency_code, reading)
    created_us = _us(node.created_at, "createdAt")
    occurred_us = date_us(node.processed_at, "processedAt")
    parts = OrderParts(
        order_id=plain_id(node.id, "id"),
        customer_id=_id_of(node.customer, "id of the customer"),
        occurred_us=created_us if occurred_us is None else occurred_us,
        created_us=created_us,
        updated_us=_us(node.updated_at, "updatedAt"),
        triggered_us=reading.triggered_us,
        test=node.test,
        confirmed=node.confirmed,
        cancelled_us=date_us(node.cancelled_at, "cancelledAt"),
        voided=(node.display_financial_status or "").lower() in VOIDED,
        current_units={
            plain_id(line.id, "id of a line"): line.current_quantity for line in node.line_items
        },
        lines=[
            _line(line, reading, taxes_included=node.taxes_included) for line in node.line_items
        ],
        refunds=list(_refunds(node, reading)),
    )
    return (order_fact(parts, reading),)


def _us(text: str, what: str) -> int:
    found = date_us(text, what)
    assert found is not None  # a text is a date or Unreadable
    return found


def _id_of(found: _Ref | None, what: str) -> str | None:
    return None if found is None else plain_id_or_none(found.id, what)


def _minor(bag: _Bag, reading: Reading) -> int:
    money = ShopMoney(bag.shop_money.amount, bag.shop_money.currency_code)
    found = shop_minor(MoneySet(money), None, reading)
    assert found is not None
    return found


def _line(line: _Line, reading: Reading, *, taxes_included: bool) -> Line:
    taxes = line.tax_lines if taxes_included else ()
    gross_minor, discount_minor = line_money(
        line.quantity * _minor(line.original_unit_price_set, reading),
        sum(_minor(share.allocated_amount_set, reading) for share in line.discount_allocations),
        sum(_minor(tax.price_set, reading) for tax in taxes),
    )
    return Line(
        line_id=plain_id(line.id, "id of a line"),
        product_id=_id_of(line.product, "product of a line"),
        variant_id=_id_of(line.variant, "variant of a line"),
        sku=text_or_none(line.sku, "sku of a line"),
        quantity=line.quantity,
        gross_minor=gross_minor,
        gift_card=line.is_gift_card,
        discount_minor=discount_minor,
    )


def _refunds(node: _Order, reading: Reading) -> Iterator[Refund]:
    """Yield each refund with the lines that its agreement tells; goodwill has none."""
    sales: dict[str, list[_Sale]] = {}
    for agreement in node.agreements:
        if agreement.refund is not None:
            of_refund = sales.setdefault(plain_id(agreement.refund.id, "id of a refund"), [])
            of_refund += agreement.sales
    for refund in node.refunds:
        refund_id = plain_id(refund.id, "id of a refund")
        known_us = date_us(refund.created_at or refund.processed_at, "createdAt of a refund")
        if known_us is None:
            raise Unreadable("a refund has no date")
        yield Refund(
            refund_id=refund_id,
            known_us=known_us,
            lines=merged_refund_lines(_returned(sales.get(refund_id, ()), reading)),
        )


def _returned(sales: Sequence[_Sale], reading: Reading) -> Iterator[tuple[str, int, int]]:
    for sale in sales:
        if sale.line_type in MERCHANDISE and sale.line_item is not None:
            minor = _minor(sale.total_tax_amount, reading) - _minor(sale.total_amount, reading)
            yield (
                plain_id(sale.line_item.id, "line of a sale"),
                -(sale.quantity or 0),
                max(0, minor),
            )


_ORDER = msgspec.json.Decoder(_Order)
