"""Orders and products that come from a file: topics of our own, the bodies are JSON of our own.

They become facts through the same construction as a webhook's payload, so a file and a webhook
that say the same give the same ledger rows.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import Line, Refund
from shopwright.core.types.product import ProductFact
from shopwright.events.order_fact import (
    OrderParts,
    line_money,
    merged_refund_lines,
    order_fact,
)
from shopwright.events.reading import (
    Reading,
    check_currency,
    check_range_us,
    decode,
    text_or_none,
)

ORDER_TOPIC = "imports/order"
PRODUCT_TOPIC = "imports/product"
IMPORT_FORMAT = 1


class ImportedLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order line of a file, in minor units of the order's currency."""

    line_id: str
    """Kept in the clear: never made from the order's number."""
    product_id: str | None = None
    variant_id: str | None = None
    sku: str | None = None
    title: str | None = None
    quantity: int
    unit_price_minor: int
    """Before tax."""
    discount_minor: int = 0
    """All discounts on the line, for all of its units."""
    gift_card: bool = False


class ImportedRefund(Struct, frozen=True, kw_only=True):
    """What came back of an order, known from its own date."""

    refund_id: str
    known_us: int
    lines: tuple[tuple[str, int, int], ...]
    """(line id, units, minor units without tax)."""


class ImportedOrder(Struct, frozen=True, kw_only=True):
    """One order of a file, with the file's own ids."""

    format: int = IMPORT_FORMAT
    order_id: str
    customer_id: str | None
    """None for an order that names nobody."""
    occurred_us: int
    """When it was placed; it counts as created, updated and known at that instant."""
    currency: str
    lines: tuple[ImportedLine, ...]
    refunds: tuple[ImportedRefund, ...] = ()
    cancelled_us: int | None = None


class ImportedProduct(Struct, frozen=True, kw_only=True):
    """One product of a file."""

    format: int = IMPORT_FORMAT
    product_id: str
    sku: str | None
    title: str
    category: str
    known_us: int


def encode(imported: ImportedOrder | ImportedProduct) -> bytes:
    """Return the body of the event; equal values give equal bytes."""
    return _ENCODER.encode(imported)


def read_order(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the order's one fact. Raises Unreadable."""
    imported = decode(_ORDER, body)
    _check_format(imported.format)
    check_currency(imported.currency, reading)
    _check_dates(imported)
    parts = OrderParts(
        order_id=imported.order_id,
        customer_id=imported.customer_id,
        occurred_us=imported.occurred_us,
        created_us=imported.occurred_us,
        updated_us=imported.occurred_us,
        triggered_us=0,
        test=False,
        confirmed=True,
        cancelled_us=imported.cancelled_us,
        voided=False,
        current_units={},
        lines=[_line(line) for line in imported.lines],
        refunds=[_refund(refund) for refund in imported.refunds],
    )
    return (order_fact(parts, reading),)


def read_product(body: bytes, _reading: Reading) -> tuple[Telling, ...]:
    """Return the product's one fact, without variants: a file tells none. Raises Unreadable."""
    imported = decode(_PRODUCT, body)
    _check_format(imported.format)
    check_range_us(imported.known_us)
    product_id = text_or_none(imported.product_id, "product_id")
    if product_id is None:
        raise Unreadable("product_id is empty")
    return (
        ProductFact(
            product_id=product_id,
            updated_us=imported.known_us,
            triggered_us=0,
            title=text_or_none(imported.title, "title") or "",
            category=text_or_none(imported.category, "category") or "",
            status="",
            vendor="",
            deleted=False,
            variants=(),
        ),
    )


def _check_format(found: int) -> None:
    if found > IMPORT_FORMAT:
        raise Unreadable("a newer Shopwright wrote it; upgrade this one, then replay it")


def _check_dates(imported: ImportedOrder) -> None:
    dates: Iterable[int | None] = (refund.known_us for refund in imported.refunds)
    for us in (imported.occurred_us, imported.cancelled_us, *dates):
        check_range_us(us)


def _line(line: ImportedLine) -> Line:
    list_minor = line.quantity * line.unit_price_minor
    gross_minor, discount_minor = line_money(list_minor, line.discount_minor, 0)
    return Line(
        line_id=line.line_id,
        product_id=text_or_none(line.product_id, "product_id of a line"),
        variant_id=text_or_none(line.variant_id, "variant_id of a line"),
        sku=text_or_none(line.sku, "sku of a line"),
        quantity=line.quantity,
        gross_minor=gross_minor,
        gift_card=line.gift_card,
        discount_minor=discount_minor,
    )


def _refund(refund: ImportedRefund) -> Refund:
    return Refund(
        refund_id=refund.refund_id,
        known_us=refund.known_us,
        lines=merged_refund_lines(refund.lines),
    )


_ENCODER = msgspec.json.Encoder()
_ORDER = msgspec.json.Decoder(ImportedOrder)
_PRODUCT = msgspec.json.Decoder(ImportedProduct)
