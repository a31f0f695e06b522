"""Adds an order up in minor units: discounts to lines, taxes, totals, what a refund gives back.

Where prices include tax, the tax is the part of the discounted price that the state gets; else it
comes on top. Halves round up. Every split adds up to what was split.
"""

from msgspec import Struct

from shopwright.simulator.order import Item, Order, Refund, Taxed
from shopwright.simulator.profile import TaxLine


def tax_of(minor: int, taxes: tuple[TaxLine, ...], *, included: bool) -> tuple[Taxed, ...]:
    """Return each tax on an amount."""
    rates = sum(tax.basis_points for tax in taxes)
    whole = 10_000 + rates if included else 10_000
    return tuple(
        Taxed(tax.title, tax.basis_points, (2 * minor * tax.basis_points + whole) // (2 * whole))
        for tax in taxes
    )


class Totals(Struct, frozen=True, kw_only=True):
    """The sums of an order; ``subtotal`` is merchandise after discounts, taxed as prices are."""

    lines: int
    discounts: int
    subtotal: int
    tax: int
    shipping: int
    total: int


def totals(order: Order, items: list[Item], *, taxes_included: bool) -> Totals:
    """Add up the order as it was placed."""
    lines = sum(item.quantity * item.price_minor for item in items)
    subtotal = sum(item.paid_minor for item in items)
    shipping_tax = sum(tax.minor for tax in order.shipping_taxes)
    tax = sum(item.tax_minor for item in items) + shipping_tax
    return Totals(
        lines=lines,
        discounts=lines - subtotal,
        subtotal=subtotal,
        tax=tax,
        shipping=order.shipping_minor,
        total=subtotal + order.shipping_minor + order.tip_minor + (0 if taxes_included else tax),
    )


def current_totals(
    order: Order, items: list[Item], left: dict[int, int], us: int, *, taxes_included: bool
) -> Totals:
    """Add up what is left of the order at an instant, given the units left by line id."""
    lines = subtotal = tax = 0
    for item in items:
        units = left[item.line_id]
        lines += units * item.price_minor
        subtotal += part(item.paid_minor, item.quantity, 0, units)
        tax += part(item.tax_minor, item.quantity, 0, units)
    cancelled = order.cancelled_us is not None and order.cancelled_us <= us
    shipping = 0 if cancelled else order.shipping_minor
    if shipping:
        tax += sum(taxed.minor for taxed in order.shipping_taxes)
    tip = 0 if cancelled else order.tip_minor
    return Totals(
        lines=lines,
        discounts=lines - subtotal,
        subtotal=subtotal,
        tax=tax,
        shipping=shipping,
        total=subtotal + shipping + tip + (0 if taxes_included else tax),
    )


def part(minor: int, quantity: int, before: int, units: int) -> int:
    """Return what ``units`` of a line are worth after ``before`` of them; all parts add up."""
    return minor * (before + units) // quantity - minor * before // quantity


class RefundLine(Struct, frozen=True, kw_only=True):
    """One line of a refund, worth ``subtotal`` (taxed as prices are) and ``tax``."""

    refund_line_id: int
    item: Item
    units: int
    subtotal: int
    tax: int


def refund_lines(order: Order, refund: Refund) -> list[RefundLine]:
    """Value a refund's lines, given the refunds before it."""
    items = {item.line_id: item for item in order.items}
    before: dict[int, int] = {}
    for earlier in order.refunds:
        if earlier is refund:
            break
        for _, line_id, units in earlier.lines:
            before[line_id] = before.get(line_id, 0) + units
    valued = []
    for refund_line_id, line_id, units in refund.lines:
        item = items[line_id]
        done = before.get(line_id, 0)
        valued.append(
            RefundLine(
                refund_line_id=refund_line_id,
                item=item,
                units=units,
                subtotal=part(item.paid_minor, item.quantity, done, units),
                tax=part(item.tax_minor, item.quantity, done, units),
            )
        )
    return valued


def refund_minor(order: Order, refund: Refund, *, taxes_included: bool) -> int:
    """Return the money that a refund gives back."""
    lines = refund_lines(order, refund)
    goods = sum(line.subtotal + (0 if taxes_included else line.tax) for line in lines)
    return goods + refund.goodwill_minor
