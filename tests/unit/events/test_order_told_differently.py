"""One history of an order, told in different ways, gives one chain."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from order_tellings import draw
from shop_payloads import line, money, order, refund, told

from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import (
    OrderVersion,
)
from shopwright.events.instant import instant_us

DAY = "2026-03-{:02d}T12:00:00Z"


class Happening(NamedTuple):
    """One thing that a merchant did to an order, on a day of March."""

    day: int
    refunds: tuple[tuple[int, int], ...]
    """(line id, units) of a refund; empty for a cancellation."""


@st.composite
def histories(draw_one: st.DrawFn) -> list[Happening]:
    left = {11: 3, 12: 2}
    happenings = []
    days = draw_one(st.lists(st.integers(3, 28), max_size=4, unique=True))
    cancels_on = draw_one(st.none() | st.sampled_from(days)) if days else None
    for day in sorted(days):
        if day == cancels_on:
            happenings.append(Happening(day, ()))
            continue
        units = {one: draw_one(st.integers(0, left[one])) for one in left}
        for one, taken in units.items():
            left[one] -= taken
        if any(units.values()):
            happenings.append(Happening(day, tuple((k, n) for k, n in units.items() if n)))
    return happenings


def payload_after(happenings: Sequence[Happening], updated_day: int) -> dict[str, Any]:
    """Return the whole order as Shopify would send it once these things have happened."""
    current = {11: 3, 12: 2}
    told_refunds = []
    cancelled_at = None
    for number, happening in enumerate(happenings):
        if not happening.refunds:
            cancelled_at = DAY.format(happening.day)
            continue
        for line_id, units in happening.refunds:
            current[line_id] -= units
        told_refunds.append(refund_of(number, happening))
    return order(
        created_at=DAY.format(2),
        processed_at=DAY.format(2),
        updated_at=DAY.format(updated_day),
        cancelled_at=cancelled_at,
        line_items=[
            line(id=11, quantity=3, current_quantity=current[11], price_set=money("3.33")),
            line(id=12, quantity=2, current_quantity=current[12], price_set=money("5.00")),
        ],
        refunds=told_refunds,
    )


def refund_of(number: int, happening: Happening) -> dict[str, Any]:
    prices = {11: 333, 12: 500}
    return refund(
        id=3000 + number,
        created_at=DAY.format(happening.day),
        refund_line_items=[
            {
                "line_item_id": line_id,
                "quantity": units,
                "subtotal_set": money(f"{prices[line_id] * units / 100:.2f}"),
            }
            for line_id, units in happening.refunds
        ],
    )


def webhooks_of(happenings: Sequence[Happening]) -> list[Telling]:
    """Return everything that Shopify tells while the history unfolds."""
    tellings = [*told("orders/create", payload_after((), 2))]
    for number, happening in enumerate(happenings, start=1):
        topic = "orders/updated" if happening.refunds else "orders/cancelled"
        tellings += told(topic, payload_after(happenings[:number], happening.day))
        if happening.refunds:
            tellings += told("refunds/create", refund_of(number - 1, happening))
    return tellings


@given(histories(), st.data())
def test_webhooks_in_any_order_with_losses_equal_the_final_payload_alone(
    happenings: list[Happening], data: st.DataObject
) -> None:
    final = told("orders/updated", payload_after(happenings, 29))
    by_final_payload = draw(final)
    heard = data.draw(st.permutations(webhooks_of(happenings)))
    lost = data.draw(st.integers(0, len(heard)))
    for some in (heard, heard[lost:]):
        by_webhooks = draw([*some, *final])
        assert [unmarked(v) for v in by_webhooks] == [unmarked(v) for v in by_final_payload]


@given(histories())
def test_webhooks_alone_equal_the_final_payload(happenings: list[Happening]) -> None:
    by_final_payload = draw(told("orders/updated", payload_after(happenings, 29)))
    by_webhooks = draw(webhooks_of(happenings))
    assert [unmarked(v) for v in by_webhooks] == [unmarked(v) for v in by_final_payload]
    assert all(not version.reconstructed for version in by_webhooks)
    created_us = instant_us(DAY.format(2))
    assert all(version.reconstructed for version in by_final_payload)
    assert by_final_payload[0].known_us == created_us


def unmarked(version: OrderVersion) -> OrderVersion:
    return replace(version, reconstructed=False)
