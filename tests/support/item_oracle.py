"""The features of what is sold, computed the slow and obvious way, one order after the other.

It shares nothing with the product: days are counted on a calendar, and every question looks at
every version of every order.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shopwright.core.types.order import Line, OrderVersion

Vector = dict[str, int | float | None]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def of_items(
    versions: Iterable[OrderVersion],
    zone: str,
    view: str,
    item: str,
    as_of_us: int,
    minor_per_major: int,
) -> Vector:
    """Return a view's features of one thing as of an instant."""
    today = local_date(zone, as_of_us)
    sales = []
    for version in versions:
        if not (version.known_us < as_of_us <= version.known_until_us and version.sold):
            continue
        lines = [line for line in version.lines if _is_of(line, view, item)]
        if lines:
            sales.append((local_date(zone, version.occurred_us), version.customer, lines))

    def some(days: int | None, until: int = 0) -> list[tuple[date, bytes | None, list[Line]]]:
        end = today - timedelta(days=until) if until else date.max
        begin = date.min if days is None else today - timedelta(days=days)
        return [one for one in sales if begin <= one[0] < end or (not until and begin <= one[0])]

    def units(days: int | None, until: int = 0) -> int:
        return sum(line.quantity for _, _, lines in some(days, until) for line in lines)

    def total(field: str, days: int | None) -> int:
        return sum(getattr(line, field) for _, _, lines in some(days) for line in lines)

    def buyers(days: int | None) -> int:
        return len({customer for _, customer, _ in some(days)} - {None})

    gross, gross_91 = total("gross_minor", 28), total("gross_minor", 91)
    discount = total("discount_minor", 28)
    found: Vector = {
        "orders_7d": len(some(7)),
        "orders_28d": len(some(28)),
        "units_7d": units(7),
        "units_28d": units(28),
        "units_91d": units(91),
        "units_364d": units(364),
        "units_total": units(None),
        "net_units_28d": units(28) - total("returned", 28),
        "net_sales_28d": gross - total("refund_minor", 28),
        "net_sales_total": total("gross_minor", None) - total("refund_minor", None),
        "recent_units_share": _ratio(units(7), units(28)),
        "refund_ratio_91d": _ratio(total("refund_minor", 91), gross_91),
        "return_ratio_91d": _ratio(total("returned", 91), units(91)),
        "discount_ratio_28d": _ratio(discount, gross + discount),
        "buyers_28d": buyers(28),
        "buyers_total": buyers(None),
        "units_ahead_last_year": units(364, 336),
    }
    if view != "store":
        return found | {"price_paid_28d": _ratio(gross, units(28) * minor_per_major)}
    return found | {
        "orders_1d": len(some(1)),
        "basket_28d": _ratio(gross, len(some(28)) * minor_per_major),
        "season_28d": _ratio(len(some(364, 336)), len(some(392, 364))),
    }


def local_date(zone: str, us: int) -> date:
    """Return the date that a clock on the wall of the shop shows."""
    return (_EPOCH + timedelta(microseconds=us)).astimezone(ZoneInfo(zone)).date()


def _is_of(line: Line, view: str, item: str) -> bool:
    if line.gift_card or line.quantity <= 0:
        return False
    return view == "store" or getattr(line, f"{view}_id") == item


def _ratio(part: int, whole: int) -> float | None:
    return float(part) / float(whole) if whole > 0 else None
