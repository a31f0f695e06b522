"""Discounts: a code over the whole order, a line of its own in a sale, a trade price."""

import numpy as np

from shopwright.simulator.amounts import parts
from shopwright.simulator.order import Discount, Item
from shopwright.simulator.population import Person
from shopwright.simulator.profile import StoreProfile
from shopwright.simulator.season import SalePeriod

_SALE_LINE_SHARE = 0.25
_SALE_LINE_PERCENT = 15
_TRADE_PERCENT = 25


def give_discounts(
    items: list[Item],
    person: Person,
    profile: StoreProfile,
    sale: SalePeriod | None,
    *,
    first_order: bool,
    rng: np.random.Generator,
) -> tuple[Discount, ...]:
    """Allocate the discounts of an order to its lines, and return them; gift cards get none."""
    goods = [item for item in items if not item.gift_card]
    if not goods:
        return ()
    discounts: list[Discount] = []
    if person.temperament.name == "trade":
        discounts.append(_across(goods, 0, "manual", "Trade price", _TRADE_PERCENT))
        return tuple(discounts)
    if sale is not None and rng.random() < _SALE_LINE_SHARE:
        discounts.append(_on_dearest_line(goods, f"{sale.name} extra"))
    if rng.random() < person.discount_affinity:
        later = profile.codes[1:]
        code, percent = profile.codes[0] if first_order else later[int(rng.integers(len(later)))]
        discounts.append(_across(goods, len(discounts), "discount_code", code, percent))
    return tuple(discounts)


def _across(goods: list[Item], index: int, kind: str, title: str, percent: int) -> Discount:
    """Take a percentage off what the lines still cost, split without losing a unit."""
    costs = [item.paid_minor for item in goods]
    minor = sum(costs) * percent // 100
    for item, share in zip(goods, parts(minor, costs), strict=True):
        if share:
            item.allocations.append((index, share))
    return Discount(
        kind=kind,
        title=title,
        value=f"{percent}.0",
        value_type="percentage",
        method="across",
        selection="all",
        minor=minor,
    )


def _on_dearest_line(goods: list[Item], title: str) -> Discount:
    """Take a percentage off the dearest line: the kind that ``total_discount`` does show."""
    item = max(goods, key=lambda line: line.quantity * line.price_minor)
    minor = item.quantity * item.price_minor * _SALE_LINE_PERCENT // 100
    if minor:
        item.allocations.append((0, minor))
        item.line_discount_minor = minor
    return Discount(
        kind="automatic",
        title=title,
        value=f"{_SALE_LINE_PERCENT}.0",
        value_type="percentage",
        method="each",
        selection="entitled",
        minor=minor,
    )
