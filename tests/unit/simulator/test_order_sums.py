"""Every sum of an order against its parts."""

from collections import Counter
from typing import Any

from shopwright.core.money import to_minor
from shopwright.simulator.profile import StoreProfile
from shopwright.simulator.webhook import SimulatedWebhook

Told = list[tuple[SimulatedWebhook, dict[str, Any]]]
Orders = list[dict[str, Any]]


def test_an_order_adds_up(profile: StoreProfile, orders: Orders) -> None:
    def total(entries: list[dict[str, Any]], key: str) -> int:
        return sum(to_minor(entry[key], profile.currency) for entry in entries)

    for order in orders:
        lines, shipping = order["line_items"], order["shipping_lines"]
        goods = sum(to_minor(x["price"], profile.currency) * x["quantity"] for x in lines)
        off = sum(total(line["discount_allocations"], "amount") for line in lines)
        tax = sum(total(line["tax_lines"], "price") for line in lines + shipping)
        said = {
            key: to_minor(order[key], profile.currency)
            for key in ("total_line_items_price", "total_discounts", "subtotal_price", "total_tax")
        }
        assert said["total_line_items_price"] == goods
        assert said["total_discounts"] == off
        assert said["subtotal_price"] == goods - off
        assert said["total_tax"] == tax == total(order["tax_lines"], "price")
        on_top = 0 if profile.taxes_included else tax
        tip = to_minor(order["total_tip_received"], profile.currency)
        price = goods - off + total(shipping, "price") + on_top + tip
        assert to_minor(order["total_price"], profile.currency) == price


def test_what_is_left_of_an_untouched_order_is_the_whole_order(orders: Orders) -> None:
    untouched = [
        order
        for order in orders
        if not order["refunds"]
        and not order["cancelled_at"]
        and all(line["current_quantity"] == line["quantity"] for line in order["line_items"])
    ]
    assert len(untouched) > 200
    for order in untouched:
        for key in ("subtotal_price", "total_price", "total_tax", "total_discounts"):
            assert order[f"current_{key}"] == order[key]


def test_nothing_is_left_of_an_order_that_came_back_whole(
    profile: StoreProfile, orders: Orders
) -> None:
    gone = [
        order
        for order in orders
        if all(line["current_quantity"] == 0 for line in order["line_items"])
    ]
    assert gone
    for order in gone:
        assert to_minor(order["current_subtotal_price"], profile.currency) == 0


def test_only_a_lines_own_discount_is_in_its_total_discount(
    profile: StoreProfile, orders: Orders
) -> None:
    kinds = set()
    for order in orders:
        applications = order["discount_applications"]
        for line in order["line_items"]:
            own = 0
            for cut in line["discount_allocations"]:
                application = applications[cut["discount_application_index"]]
                kinds.add(application["type"])
                if application["allocation_method"] == "each":
                    own += to_minor(cut["amount"], profile.currency)
            assert to_minor(line["total_discount"], profile.currency) == own
    assert kinds == {"discount_code", "automatic", "manual"}


def test_units_left_are_what_edits_and_refunds_left(orders: Orders) -> None:
    edited = refunded = 0
    for order in orders:
        back: Counter[int] = Counter()
        for refund in order["refunds"]:
            for line in refund["refund_line_items"]:
                back[line["line_item_id"]] += line["quantity"]
        for line in order["line_items"]:
            assert 0 <= line["current_quantity"] <= line["quantity"] - back[line["id"]]
            edited += line["quantity"] - back[line["id"]] - line["current_quantity"]
            refunded += back[line["id"]]
    assert edited > 0
    assert refunded > 0


def test_a_refund_is_worth_what_was_paid_for_its_units(
    profile: StoreProfile, orders: Orders
) -> None:
    def minor(amount: str) -> int:
        return to_minor(amount, profile.currency)

    whole = 0
    for order in orders:
        lines = {line["id"]: line for line in order["line_items"]}
        for refund in order["refunds"]:
            given = 0
            for back in refund["refund_line_items"]:
                line = lines[back["line_item_id"]]
                off = sum(minor(cut["amount"]) for cut in line["discount_allocations"])
                paid = minor(line["price"]) * line["quantity"] - off
                subtotal = minor(back["subtotal_set"]["shop_money"]["amount"])
                tax = minor(back["total_tax_set"]["shop_money"]["amount"])
                assert abs(subtotal - paid * back["quantity"] / line["quantity"]) < 1
                given += subtotal + (0 if profile.taxes_included else tax)
                whole += back["quantity"] == line["quantity"]
            goodwill = sum(-minor(entry["amount"]) for entry in refund["order_adjustments"])
            assert minor(refund["transactions"][0]["amount"]) == given + goodwill
    assert whole > 0


def test_a_refund_tells_the_same_alone_and_inside_its_order(told: Told, orders: Orders) -> None:
    alone = {body["id"]: body for webhook, body in told if webhook.topic == "refunds/create"}
    inside = 0
    for order in orders:
        for refund in order["refunds"]:
            if refund["id"] in alone:
                assert refund == alone[refund["id"]]
                inside += 1
    assert inside > 0
