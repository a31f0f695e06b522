"""Turns the rows of Shopify's orders export into orders, and says why a row is none.

A row is a line item; what belongs to the whole order stands in its first row only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from shopwright.core.clock import from_datetime
from shopwright.core.errors import BadInput
from shopwright.core.money import to_minor
from shopwright.core.types.exported import ExportRow
from shopwright.events.contacts import email_of, phone_of
from shopwright.events.exported import ExportedLine, ExportedOrder, spread
from shopwright.events.reading import TEXT_LENGTH_MAX, UNITS_MAX
from shopwright.events.shopify_order import VOIDED

NEEDED = (
    "Id",
    "Name",
    "Financial Status",
    "Currency",
    "Subtotal",
    "Total",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
)
"""Columns without which the export cannot be read."""
CUSTOMERS_NEEDED = ("Customer ID", "Email")
DATES = ("Created at", "Paid at", "Fulfilled at", "Cancelled at")
_DATE = "%Y-%m-%d %H:%M:%S %z"
_STATUSES = VOIDED | {
    "authorized",
    "paid",
    "partially_paid",
    "partially_refunded",
    "pending",
    "refunded",
    "unpaid",
}


class RefusedRows(NamedTuple):
    """Rows that became no order: where they begin, how many there are, and why."""

    line: int
    rows: int
    why: str


class Found(NamedTuple):
    """An order with the titles of what was sold."""

    order: ExportedOrder
    rows: int
    titles: Mapping[str, tuple[str | None, str]]
    """Product to (sku, title)."""


class _Wrong(Exception):
    """What is wrong with an order's rows."""


def newest_us(rows: Iterable[ExportRow]) -> int:
    """Return the newest date of the whole file: when it was exported, at the earliest.

    0 for a file without a date.
    """
    newest = 0
    for row in rows:
        for name in DATES:
            newest = max(newest, _date_us(row.cells.get(name, "")) or 0)
    return newest


def orders(
    rows: Iterable[ExportRow], currency: str, exported_us: int, people: Mapping[str, str]
) -> Iterator[Found | RefusedRows]:
    """Yield every order of the file, or what its rows lack, in the file's order.

    ``people`` gives Shopify's customer id for an e-mail address or phone number. What came back is
    known at ``exported_us``, for the export does not date it.
    """
    seen: set[str] = set()
    for group in _groups(rows):
        first = group[0]
        try:
            if not first.cells:
                raise _Wrong("it has more or fewer cells than the header")
            if first.cells["Id"] in seen:
                raise _Wrong("its order stands earlier in the file")
            found = _order(group, currency, exported_us, people)
        except _Wrong as wrong:
            yield RefusedRows(first.line, len(group), str(wrong))
        else:
            seen.add(first.cells["Id"])
            yield found


def _groups(rows: Iterable[ExportRow]) -> Iterator[list[ExportRow]]:
    """Put the rows of one order together: they follow one another under one name."""
    group: list[ExportRow] = []
    for row in rows:
        if group and row.cells and row.cells["Name"] == group[0].cells.get("Name"):
            group.append(row)
            continue
        if group:
            yield group
        group = [row]
    if group:
        yield group


def _order(
    group: Sequence[ExportRow], currency: str, exported_us: int, people: Mapping[str, str]
) -> Found:
    cells = group[0].cells
    order_id = cells["Id"]
    if not (order_id.isascii() and order_id.isdigit()):
        raise _Wrong("Id is not the number of an order: its first row is missing")
    if cells["Currency"] != currency:
        raise _Wrong(f"its currency is not {currency}, the store's; money is never converted")
    status = cells["Financial Status"].strip().lower().replace(" ", "_")
    if status not in _STATUSES:
        raise _Wrong("Financial Status is none that Shopify has")
    dates = {name: _known_us(cells, name) for name in DATES}
    created_us = dates["Created at"]
    if created_us is None:
        raise _Wrong("Created at is empty")
    money = _Money(cells, currency)
    lines, titles = _lines(group, money, currency)
    gross = sum(line.gross_minor for line in lines)
    refund_minor = money.refunded_of(gross)
    email, phone = email_of(cells.get("Email")), phone_of(cells.get("Phone"))
    known = [one for one in (email, phone) if one is not None]
    customer = next((people[one] for one in known if one in people), known[0] if known else None)
    order = ExportedOrder(
        order_id=order_id,
        customer_id=customer,
        email=email,
        phone=phone,
        currency=currency,
        created_us=created_us,
        updated_us=max(us for us in dates.values() if us is not None),
        cancelled_us=dates["Cancelled at"],
        financial_status=status,
        lines=tuple(lines),
        refund_minor=refund_minor,
        refunded_us=max(created_us, exported_us) if refund_minor else None,
    )
    return Found(order, len(group), titles)


class _Money:
    """The sums of an order, in minor units."""

    def __init__(self, cells: Mapping[str, str], currency: str) -> None:
        self._currency = currency
        amounts = {
            name: minor(cells.get(name, ""), currency, name)
            for name in ("Subtotal", "Shipping", "Taxes", "Total", "Refunded Amount")
        }
        self.subtotal = amounts["Subtotal"]
        self._total = amounts["Total"]
        self._refunded = amounts["Refunded Amount"]
        # With tax in its prices a shop's total is what is paid for goods and shipping alone.
        with_tax = self.subtotal + amounts["Shipping"]
        included = amounts["Taxes"] > 0 and abs(self._total - with_tax) < amounts["Taxes"]
        self.tax = amounts["Taxes"] * self.subtotal // with_tax if included and with_tax else 0

    def refunded_of(self, gross: int) -> int:
        """Return what of the merchandise was refunded: its part of everything that was."""
        if self._refunded <= 0 or self._total <= 0:
            return 0
        return min(gross, (gross * self._refunded + self._total // 2) // self._total)


def _lines(
    group: Sequence[ExportRow], money: _Money, currency: str
) -> tuple[list[ExportedLine], dict[str, tuple[str | None, str]]]:
    """Return the lines, worth together what the order's subtotal says, without tax."""
    before: list[int] = []
    line_off: list[int] = []
    named: list[tuple[str, str | None, str, int]] = []
    for row in group:
        title = row.cells["Lineitem name"].strip()[:TEXT_LENGTH_MAX]
        sku = row.cells.get("Lineitem sku", "").strip()[:TEXT_LENGTH_MAX] or None
        if not title:
            raise _Wrong("Lineitem name is empty")
        quantity = _units(row.cells["Lineitem quantity"])
        price = minor(row.cells["Lineitem price"], currency, "Lineitem price")
        off = minor(row.cells.get("Lineitem discount", ""), currency, "Lineitem discount")
        before.append(max(0, quantity * price - off))
        line_off.append(min(off, quantity * price))
        named.append((sku or title, sku, title, quantity))
    less = min(sum(before), max(0, sum(before) - money.subtotal + money.tax))
    off_each = spread(less, before)
    order_off = spread(min(sum(before), max(0, sum(before) - money.subtotal)), before)
    lines = []
    for place, (product, sku, _, quantity) in enumerate(named):
        gross = max(0, before[place] - off_each[place])
        off, paid = line_off[place] + order_off[place], before[place] - order_off[place]
        lines.append(
            ExportedLine(
                product=product,
                sku=sku,
                quantity=quantity,
                gross_minor=gross,
                discount_minor=off * gross // paid if money.tax and paid > 0 else off,
            )
        )
    return lines, {product: (sku, title) for product, sku, title, _ in named}


def minor(text: str, currency: str, column: str) -> int:
    """Return a cell's amount in minor units, 0 for an empty one."""
    stripped = text.strip()
    if not stripped:
        return 0
    try:
        if not Decimal(stripped).is_finite():
            raise InvalidOperation
        return to_minor(stripped, currency)
    except (InvalidOperation, BadInput):
        raise _Wrong(f"{column} is not an amount of {currency}") from None


def _units(text: str) -> int:
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdigit() and int(stripped) <= UNITS_MAX):
        raise _Wrong("Lineitem quantity is not a whole number")
    return int(stripped)


def _known_us(cells: Mapping[str, str], name: str) -> int | None:
    text = cells.get(name, "").strip()
    if not text:
        return None
    found = _date_us(text)
    if found is None:
        raise _Wrong(f"{name} is not a date like 2026-03-05 14:23:11 +0100")
    return found


def _date_us(text: str) -> int | None:
    try:
        read = datetime.strptime(text.strip(), _DATE)  # noqa: DTZ007 - %z stands in the format
        return from_datetime(read)
    except (ValueError, OverflowError):
        return None
