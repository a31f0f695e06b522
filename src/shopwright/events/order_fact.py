"""Builds the one form in which an order is told, whatever source it came from.

Lines are in the order of their ids and refunds in that of their dates, so the same order gives
the same bytes by webhook, bulk read and file.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.order import Line, OrderFact, Refund
from shopwright.events.reading import MINOR_MAX, UNITS_MAX, Reading, text_or_none


class OrderParts(Struct, frozen=True, kw_only=True, gc=False):
    """An order as its source tells it: raw ids, lines as ordered, money already in minor units."""

    order_id: str
    customer_id: str | None
    occurred_us: int
    created_us: int
    updated_us: int
    triggered_us: int
    test: bool
    confirmed: bool
    cancelled_us: int | None
    voided: bool
    current_units: Mapping[str, int]
    """Line id to the units that are neither refunded nor edited off; an unknown one is absent."""
    lines: Sequence[Line]
    refunds: Sequence[Refund]


def order_fact(parts: OrderParts, reading: Reading) -> OrderFact:
    """Return the fact. Raises Unreadable for what no order can be."""
    lines = tuple(sorted(parts.lines, key=_line_order))
    refunds = tuple(sorted(parts.refunds, key=_refund_order))
    _check(lines, refunds)
    return OrderFact(
        order=reading.pseudonymise("order", _raw_id(parts.order_id)),
        customer=(
            None
            if parts.customer_id is None
            else reading.pseudonymise("customer", _raw_id(parts.customer_id))
        ),
        occurred_us=parts.occurred_us,
        created_us=parts.created_us,
        updated_us=parts.updated_us,
        triggered_us=parts.triggered_us,
        test=parts.test,
        confirmed=parts.confirmed,
        cancelled_us=parts.cancelled_us,
        voided=parts.voided,
        edited_off=_edited_off(lines, refunds, parts.current_units),
        lines=lines,
        refunds=refunds,
    )


def line_money(list_minor: int, off_minor: int, tax_minor: int) -> tuple[int, int]:
    """Return (gross, discount) of a line, both without tax, from its list price for all units.

    ``tax_minor`` is the tax inside the price, 0 where prices exclude it. The discount loses the
    same share of tax as what is left to pay: Shopify tells the tax of the discounted price only.
    """
    paid_minor = list_minor - off_minor
    gross_minor = max(0, paid_minor - tax_minor)
    discount_minor = max(0, min(off_minor, list_minor))
    if tax_minor and paid_minor > 0:
        discount_minor = discount_minor * gross_minor // paid_minor
    return gross_minor, discount_minor


def merged_refund_lines(lines: Iterable[tuple[str, int, int]]) -> tuple[tuple[str, int, int], ...]:
    """Return one (line id, units, minor units) per line, by line id."""
    units: Counter[str] = Counter()
    minor: Counter[str] = Counter()
    for line_id, more_units, more_minor in lines:
        units[line_id] += more_units
        minor[line_id] += more_minor
    return tuple((line_id, units[line_id], minor[line_id]) for line_id in sorted(units, key=_by_id))


def check_refund(refund: Refund) -> None:
    """Raise Unreadable for a refund that no refund can be."""
    _raw_id(refund.refund_id)
    for line_id, units, minor in refund.lines:
        _raw_id(line_id)
        if not (0 <= units <= UNITS_MAX and 0 <= minor <= MINOR_MAX):
            raise Unreadable("a refunded line has a negative or absurd quantity or amount")


def _edited_off(
    lines: Sequence[Line], refunds: Sequence[Refund], current_units: Mapping[str, int]
) -> tuple[tuple[str, int, int], ...]:
    """Units that are neither there any more nor refunded were taken off by an edit."""
    if not current_units:
        return ()
    refunded: Counter[str] = Counter()
    for refund in refunds:
        for line_id, units, _ in refund.lines:
            refunded[line_id] += units
    off = []
    for line in lines:
        current = current_units.get(line.line_id)
        if current is None:
            continue
        units = line.quantity - current - refunded[line.line_id]
        if units > 0:
            off.append((line.line_id, units, line.gross_minor * units // line.quantity))
    return tuple(off)


def _check(lines: Sequence[Line], refunds: Sequence[Refund]) -> None:
    for line in lines:
        _raw_id(line.line_id)
        for found in (line.product_id, line.variant_id, line.sku):
            text_or_none(found, "an id or sku of a line")
        if not (0 <= line.quantity <= UNITS_MAX and 0 <= line.gross_minor <= MINOR_MAX):
            raise Unreadable("a line has a negative or absurd quantity or amount")
        if not 0 <= line.discount_minor <= MINOR_MAX:
            raise Unreadable("a line has a negative or absurd discount")
    if sum(line.gross_minor + line.discount_minor for line in lines) > MINOR_MAX:
        raise Unreadable("its amount is too large to be true")
    if len({line.line_id for line in lines}) < len(lines):
        raise Unreadable("two lines have the same id")
    for refund in refunds:
        check_refund(refund)
    if len({refund.refund_id for refund in refunds}) < len(refunds):
        raise Unreadable("two refunds have the same id")


def _raw_id(found: str) -> str:
    if text_or_none(found, "an id") is None:
        raise Unreadable("an id is empty")
    return found


def _line_order(line: Line) -> tuple[int, str]:
    return _by_id(line.line_id)


def _refund_order(refund: Refund) -> tuple[int, tuple[int, str]]:
    return refund.known_us, _by_id(refund.refund_id)


def _by_id(found: str) -> tuple[int, str]:
    """Order digits by their number: Shopify gives ids in the order of creation."""
    return len(found), found
