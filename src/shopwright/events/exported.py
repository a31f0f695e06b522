"""An order as Shopify's own CSV export tells it: less than Shopify knows, so it is told in part.

The export has no customer ids, no product ids, and of refunds only their sum. A fact that comes
from it counts while nobody told the order in full (``OrderFact.partial``).
https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders
"""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shopwright.core.errors import Unreadable
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import Line, Refund
from shopwright.events.order_fact import OrderParts, order_fact
from shopwright.events.reading import Reading, check_currency, check_range_us, decode
from shopwright.events.shopify_order import VOIDED

TOPIC = "imports/exported_order"
FORMAT = 1
REFUND_ID = "export"


class ExportedLine(Struct, frozen=True, kw_only=True):
    """One order line, in minor units of the shop's currency."""

    product: str
    """The sku, or the title where there is none."""
    sku: str | None
    quantity: int
    gross_minor: int
    """After all discounts, without tax."""
    discount_minor: int = 0
    """What discounts took off, of the line and of the order, without tax."""


class ExportedOrder(Struct, frozen=True, kw_only=True):
    """One order of the export."""

    format: int = FORMAT
    order_id: str
    customer_id: str | None
    """Shopify's id where a customers export names it, else the e-mail address or phone number."""
    email: str | None
    phone: str | None
    currency: str
    created_us: int
    updated_us: int
    """The newest date in the order's row."""
    cancelled_us: int | None
    financial_status: str
    lines: tuple[ExportedLine, ...]
    refund_minor: int
    """Merchandise that came back, without tax."""
    refunded_us: int | None
    """When that was known at the latest; None when nothing came back."""


def encode(order: ExportedOrder) -> bytes:
    """Return the body of the event; equal values give equal bytes."""
    return _ENCODER.encode(order)


def read_order(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the order's one fact, in part. Raises Unreadable."""
    order = decode(_ORDER, body)
    if order.format > FORMAT:
        raise Unreadable("a newer Shopwright wrote it; upgrade this one, then replay it")
    check_currency(order.currency, reading)
    for us in (order.created_us, order.updated_us, order.cancelled_us, order.refunded_us):
        check_range_us(us)
    parts = OrderParts(
        order_id=order.order_id,
        customer_id=order.customer_id,
        occurred_us=order.created_us,
        created_us=order.created_us,
        updated_us=max(order.created_us, order.updated_us),
        triggered_us=0,
        test=False,
        confirmed=True,
        cancelled_us=order.cancelled_us,
        voided=order.financial_status in VOIDED,
        current_units={},
        lines=[_line(number, line) for number, line in enumerate(order.lines, 1)],
        refunds=_refunds(order),
    )
    return (replace(order_fact(parts, reading), partial=True),)


def spread(amount: int, weights: list[int]) -> list[int]:
    """Return whole parts of an amount in proportion to weights; they sum to the amount exactly.

    What rounding down leaves goes to the largest remainders, of equal ones to the first (Hamilton's
    method). Without any weight the first part takes all.
    """
    total = sum(weights)
    if total == 0:
        return [amount, *[0] * (len(weights) - 1)]
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for index in by_remainder[: amount - sum(parts)]:
        parts[index] += 1
    return parts


def _line(number: int, line: ExportedLine) -> Line:
    return Line(
        line_id=str(number),
        product_id=line.product,
        variant_id=line.sku,
        sku=line.sku,
        quantity=line.quantity,
        gross_minor=line.gross_minor,
        gift_card=False,
        discount_minor=line.discount_minor,
    )


def _refunds(order: ExportedOrder) -> list[Refund]:
    if order.refunded_us is None or not order.lines:
        return []
    minor = spread(order.refund_minor, [line.gross_minor for line in order.lines])
    # The export does not say which units came back: only what they brought in.
    lines = tuple((str(number), 0, one) for number, one in enumerate(minor, 1) if one)
    return [Refund(refund_id=REFUND_ID, known_us=order.refunded_us, lines=lines)]


_ENCODER = msgspec.json.Encoder()
_ORDER = msgspec.json.Decoder(ExportedOrder)
