"""What becomes of an order: paid at once or late or never, changed, cancelled, sent back, deleted.

The shares are those of an ordinary small shop. Everything is dated when the order is placed, in
whole seconds, as the payloads have them.
"""

import numpy as np

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.simulator.identifiers import NextId
from shopwright.simulator.order import Edit, Item, Order, Refund
from shopwright.simulator.temperament import Temperament

CANCELLED_SHARE = 0.022
EDITED_SHARE = 0.015
DELETED_SHARE = 0.002
CANCELLED_DELETED_SHARE = 0.04
CHECKED_SHARE = 0.015
UNCONFIRMED_SHARE = 0.003
AUTHORIZED_SHARE = 0.04
AUTHORIZATION_LOST_SHARE = 0.04
PENDING_SHARE = 0.04
TRADE_PENDING_SHARE = 0.25
NEVER_PAID_SHARE = 0.08
GOODWILL_SHARE = 0.12
WHOLE_ORDER_BACK_SHARE = 0.45
SECOND_REFUND_SHARE = 0.10
_US_PER_HOUR = 3_600 * US_PER_SECOND


def kept_share(temperament: Temperament) -> float:
    """Return the probability that an order of such a person is never cancelled, lost or deleted."""
    pending = TRADE_PENDING_SHARE if temperament.name == "trade" else PENDING_SHARE
    lost = pending * NEVER_PAID_SHARE + AUTHORIZED_SHARE * AUTHORIZATION_LOST_SHARE
    return (1.0 - lost) * (1.0 - CANCELLED_SHARE) * (1.0 - DELETED_SHARE)


def after(us: int, mean_us: float, rng: np.random.Generator) -> int:
    """Return an instant after ``us``, exponentially distributed, in whole seconds."""
    later = us + max(US_PER_SECOND, int(rng.exponential(mean_us)))
    return later - later % US_PER_SECOND


def decide_fate(
    order: Order,
    *,
    trader: bool,
    disappointed: bool,
    told_share: float,
    next_id: NextId,
    rng: np.random.Generator,
) -> None:
    """Date everything that will happen to a new order."""
    start_us = order.created_us
    order.confirmed_us = start_us
    if rng.random() < UNCONFIRMED_SHARE:
        order.confirmed_us = after(start_us, 0.2 * _US_PER_HOUR, rng)
    if rng.random() < CHECKED_SHARE:
        order.checked_us = after(start_us, 20 * US_PER_SECOND, rng)
    _pay(order, trader=trader, rng=rng)
    lost = order.lapsed_us is not None or order.cancelled_us is not None
    if not lost and rng.random() < CANCELLED_SHARE:
        _cancel(order, next_id, rng)
    elif not lost:
        _fulfil(order, told_share, next_id, rng)
        if rng.random() < EDITED_SHARE:
            _edit(order, next_id, rng)
        if disappointed and order.paid_us is not None:
            _send_back(order, next_id, rng)
    _delete(order, rng)


def _pay(order: Order, *, trader: bool, rng: np.random.Generator) -> None:
    start_us = order.created_us
    dice = rng.random()
    pending = TRADE_PENDING_SHARE if trader else PENDING_SHARE
    if order.source == "pos" or dice >= pending + AUTHORIZED_SHARE:
        order.paid_us = start_us
    elif dice < pending:
        order.gateway = "Bank Deposit"
        if rng.random() >= NEVER_PAID_SHARE:
            order.paid_us = after(start_us, 2.0 * US_PER_DAY, rng)
        elif rng.random() < 0.5:
            order.lapsed_us = start_us + 14 * US_PER_DAY
            order.lapse = "expired"
        else:
            order.lapsed_us = order.cancelled_us = start_us + 10 * US_PER_DAY
            order.cancel_reason = "declined"
    else:
        order.authorized = True
        if rng.random() < AUTHORIZATION_LOST_SHARE:
            order.lapsed_us = start_us + 7 * US_PER_DAY
            order.lapse = "expired"
        else:
            order.paid_us = after(start_us, 1.0 * US_PER_DAY, rng)


def _cancel(order: Order, next_id: NextId, rng: np.random.Generator) -> None:
    at_us = after(order.created_us, 10 * _US_PER_HOUR, rng)
    order.cancelled_us = at_us
    order.cancel_reason = str(rng.choice(["customer", "inventory", "fraud", "other"]))
    if order.paid_us is not None and order.paid_us <= at_us:
        lines = [(item.line_id, item.quantity) for item in order.items]
        order.refunds.append(_refund(at_us, lines, "cancel", 0, next_id))
    else:
        order.paid_us = None


def _fulfil(order: Order, told_share: float, next_id: NextId, rng: np.random.Generator) -> None:
    told = rng.random() < told_share
    if told and order.paid_us is not None:
        pause_us = order.created_us + int(0.3 * US_PER_DAY) if order.source != "pos" else 0
        ready_us = max(order.paid_us, pause_us)
        order.fulfilled_us = after(ready_us, 1.2 * US_PER_DAY, rng)
        order.fulfillment_id = next_id("fulfillment")


def _edit(order: Order, next_id: NextId, rng: np.random.Generator) -> None:
    """Take a unit off the first line that has two, or else add one more unit of it as a line."""
    at_us = after(order.created_us, 3 * _US_PER_HOUR, rng)
    several = [item for item in order.items if item.quantity > 1 and not item.gift_card]
    if several:
        removed: tuple[tuple[int, int], ...] = ((several[0].line_id, 1),)
        added: tuple[tuple[int, int], ...] = ()
    else:
        first = order.items[0]
        extra = Item(
            line_id=next_id("line_item"),
            product=first.product,
            variant=first.variant,
            title=first.title,
            quantity=1,
            price_minor=first.price_minor,
            grams=first.grams,
            gift_card=first.gift_card,
            allocations=[],
            line_discount_minor=0,
            added_us=at_us,
        )
        order.items.append(extra)
        removed, added = (), ((extra.line_id, 1),)
    order.edits.append(
        Edit(edit_id=next_id("order_edit"), at_us=at_us, removed=removed, added=added)
    )


def _send_back(order: Order, next_id: NextId, rng: np.random.Generator) -> None:
    """Let the customer return everything, some of it, or keep it all for some of the money."""
    at_us = after(order.created_us + 3 * US_PER_DAY, 7.0 * US_PER_DAY, rng)
    # An edit or a late payment comes first: nothing goes back before it was paid for.
    earliest = max([order.paid_us or 0, *(edit.at_us for edit in order.edits)])
    at_us = max(at_us, earliest + 3_600 * US_PER_SECOND)
    if rng.random() < GOODWILL_SHARE:
        minor = max(1, sum(item.paid_minor for item in order.items) // 10)
        order.refunds.append(_refund(at_us, [], "no_restock", minor, next_id))
        return
    lines = _returnable(order, at_us)
    if rng.random() < WHOLE_ORDER_BACK_SHARE or len(lines) == 1:
        chosen, rest = lines, []
    else:
        cut = 1 + int(rng.integers(len(lines) - 1))
        chosen, rest = lines[:cut], lines[cut:]
    order.refunds.append(_refund(at_us, chosen, "return", 0, next_id))
    if rest and rng.random() < SECOND_REFUND_SHARE:
        later_us = after(at_us, 5.0 * US_PER_DAY, rng)
        order.refunds.append(_refund(later_us, rest, "no_restock", 0, next_id))


def _returnable(order: Order, us: int) -> list[tuple[int, int]]:
    removed = order.removed_units(us)
    return [
        (item.line_id, item.quantity - removed.get(item.line_id, 0))
        for item in order.items_at(us)
        if item.quantity > removed.get(item.line_id, 0)
    ]


def _refund(
    at_us: int, lines: list[tuple[int, int]], restock: str, goodwill_minor: int, next_id: NextId
) -> Refund:
    transaction_id = next_id("transaction")
    next_id("transaction")
    return Refund(
        refund_id=next_id("refund"),
        at_us=at_us,
        lines=tuple((next_id("refund_line"), line_id, units) for line_id, units in lines),
        goodwill_minor=goodwill_minor,
        transaction_id=transaction_id,
        restock=restock,
        note={"cancel": "Cancelled", "return": "Sent back"}.get(restock, "Sorry for the trouble"),
    )


def refund_now(order: Order, at_us: int, next_id: NextId) -> Refund | None:
    """Let the first line that is still whole come back; None when there is none."""
    gone = order.refunded_units(at_us)
    lines = [
        (line_id, units) for line_id, units in _returnable(order, at_us) if line_id not in gone
    ]
    if not lines or order.paid_us is None or order.paid_us > at_us:
        return None
    refund = _refund(at_us, lines[:1], "return", 0, next_id)
    order.refunds.append(refund)
    return refund


def _delete(order: Order, rng: np.random.Generator) -> None:
    """Only a closed matter is deleted, and long after its last change."""
    share = CANCELLED_DELETED_SHARE if order.cancelled_us is not None else DELETED_SHARE
    if rng.random() < share:
        last_us = order.updated_at((1 << 62) - 1)
        order.deleted_us = after(last_us + 5 * US_PER_DAY, 15.0 * US_PER_DAY, rng)
