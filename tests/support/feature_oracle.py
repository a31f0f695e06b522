"""The features of customers, computed the slow and obvious way.

The product is compared with this file, so it shares nothing with it: it looks at every version, or
at every telling, for every question.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from shopwright.core.types.customer import CustomerMerge
from shopwright.core.types.order import Line, OrderDeletion, OrderFact, OrderTelling, OrderVersion
from shopwright.core.types.order import RefundFact as LoneRefund

DAY = 24 * 60 * 60 * 1_000_000
Orders = list[tuple[int, int, int, int]]
"""(occurred, gross, refund, discount) of each valid order"""
Told = Mapping[bytes, Sequence[OrderTelling]]
Merges = Sequence[CustomerMerge]
Vector = dict[str, int | float | None]


def of_versions(
    versions: Iterable[OrderVersion], store: str, customer: bytes, as_of: int, minor: int
) -> Vector:
    """Return the features of the versions that were known, and not yet replaced, before as_of."""
    alive: Orders = []
    for v in versions:
        known = v.known_us < as_of and not v.known_until_us < as_of
        if v.store_id == store and v.customer == customer and v.valid and known:
            alive.append((v.occurred_us, v.gross_minor, v.refund_minor, v.discount_minor))
    return _features(alive, as_of, minor)


def of_tellings(told: Told, merges: Merges, customer: bytes, as_of: int, minor: int) -> Vector:
    """Return the features of what had been told of each order before as_of."""
    orders = [_as_told(one, merges, customer, as_of - 1) for one in told.values()]
    return _features([order for order in orders if order is not None], as_of, minor)


def settled(customer: bytes | None, merges: Merges, now: int) -> bytes | None:
    """Return who a customer is after the merges known by now."""
    seen = set()
    while customer not in seen:
        seen.add(customer)
        mine = [m for m in merges if m.merged == customer and m.known_us <= now]
        kept = min(mine, key=lambda m: m.known_us).kept if mine else customer
        customer = customer if kept in seen else kept
    return customer


def _as_told(
    tellings: Sequence[OrderTelling], merges: Merges, customer: bytes, now: int
) -> tuple[int, int, int, int] | None:
    facts = [t for t in tellings if isinstance(t, OrderFact)]
    facts.sort(key=lambda f: (f.updated_us, f.triggered_us, msgspec.json.encode(f)))
    if not facts or now < min(f.created_us for f in facts):
        return None
    told = [f for f in facts if f.updated_us <= now]
    base = told[-1] if told else facts[0]
    gone = any(isinstance(t, OrderDeletion) and t.known_us <= now for t in tellings)
    cancelled = any(f.cancelled_us is not None and f.cancelled_us <= now for f in facts)
    voided = bool(told) and base.voided
    mine = base.customer is not None and settled(base.customer, merges, now) == customer
    if base.test or not base.confirmed or gone or cancelled or voided or not mine:
        return None
    gift_cards = {line.line_id for line in base.lines if line.gift_card}
    gross = sum(line.gross_minor for line in base.lines if not line.gift_card)
    gross -= sum(m for i, _, m in base.edited_off if told and i not in gift_cards)
    discount = sum(_discount(base, line, told=bool(told)) for line in base.lines)
    refunds = {t.refund.refund_id: t.refund for t in tellings if isinstance(t, LoneRefund)}
    for fact in facts:
        refunds |= {refund.refund_id: refund for refund in fact.refunds}
    known = [line for r in refunds.values() if r.known_us <= now for line in r.lines]
    refund = sum(m for i, _, m in known if i not in gift_cards)
    return base.occurred_us, max(gross, 0), min(refund, max(gross, 0)), discount


def _discount(fact: OrderFact, line: Line, *, told: bool) -> int:
    """Return a line's discount, less that of the units that an edit took off."""
    off = sum(units for i, units, _ in fact.edited_off if told and i == line.line_id)
    if line.gift_card or not off:
        return 0 if line.gift_card else line.discount_minor
    return line.discount_minor * max(0, line.quantity - off) // line.quantity


def _features(orders: Orders, as_of: int, minor: int) -> Vector:
    past = sorted(order for order in orders if order[0] < as_of)
    times = [order[0] for order in past]
    n, gross, refund = len(past), sum(order[1] for order in past), sum(order[2] for order in past)

    def within(days: int) -> Orders:
        return [order for order in past if as_of - order[0] <= days * DAY]

    return {
        "recency_days": float(as_of - times[-1]) / float(DAY) if n else None,
        "tenure_days": float(as_of - times[0]) / float(DAY) if n else None,
        "interpurchase_days": float(times[-1] - times[0]) / float(DAY * (n - 1)) if n > 1 else None,
        "orders_7d": len(within(7)),
        "orders_30d": len(within(30)),
        "orders_90d": len(within(90)),
        "orders_total": n,
        "net_spend_30d": sum(g - r for _, g, r, _ in within(30)),
        "net_spend_90d": sum(g - r for _, g, r, _ in within(90)),
        "net_spend_total": gross - refund,
        "aov_total": float(gross - refund) / float(n * minor) if n else None,
        "refund_ratio_total": float(refund) / float(gross) if gross else None,
        **_habits(past, as_of),
    }


def _habits(past: Orders, as_of: int) -> Vector:
    """Return the richer features; ages are counted order by order."""
    times = [order[0] for order in past]
    n = len(past)
    year = [order for order in past if as_of - order[0] <= 365 * DAY]
    gross, refund = sum(order[1] for order in year), sum(order[2] for order in year)
    discount = sum(order[3] for order in year)
    some = sum(order[3] > 0 for order in past)
    weights = [0.5 ** min(4, max(0, -(-(as_of - time) // (90 * DAY)) - 1)) for time in times]
    spread = times[-1] - times[0] if n else 0
    waited = float(as_of - times[-1]) * float(n - 1) / float(spread) if spread else None
    return {
        "orders_365d": len(year),
        "net_spend_365d": gross - refund,
        "orders_decayed": float(sum(weights)),
        "recency_over_rhythm": waited,
        "refunded_orders_ratio": float(sum(order[2] > 0 for order in past)) / float(n)
        if n
        else None,
        "refund_ratio_365d": float(refund) / float(gross) if gross else None,
        "discounted_orders_ratio": float(some) / float(n) if n else None,
        "discount_ratio_365d": (
            float(discount) / float(gross + discount) if gross + discount else None
        ),
        "net_largest_order": max((g - r for _, g, r, _ in past), default=None),
    }
