"""The payload of ``refunds/create``, and the refunds inside an order."""

from shopwright.simulator.amounts import Json, Purse
from shopwright.simulator.bill import RefundLine, refund_lines, refund_minor
from shopwright.simulator.letterhead import Letterhead
from shopwright.simulator.line_payload import inner_line_payload
from shopwright.simulator.order import Order, Refund


def refund_body(order: Order, refund: Refund, letterhead: Letterhead) -> Json:
    """Return a refund; the same in its own webhook and inside its order."""
    purse = letterhead.purse(foreign=order.foreign)
    at = letterhead.time(refund.at_us)
    left = _left_after(order, refund)
    return {
        "id": refund.refund_id,
        "admin_graphql_api_id": f"gid://shopify/Refund/{refund.refund_id}",
        "created_at": at,
        "processed_at": at,
        "note": refund.note,
        "order_id": order.order_id,
        "restock": refund.restock != "no_restock",
        "user_id": letterhead.staff_id,
        "total_duties_set": purse.pair(0),
        "return": None,
        "order_adjustments": _adjustments(order, refund, purse),
        "refund_shipping_lines": [],
        "duties": [],
        "transactions": [_transaction(order, refund, purse, letterhead)],
        "refund_line_items": [
            _line(order, refund, line, left[line.item.line_id], letterhead)
            for line in refund_lines(order, refund)
        ],
    }


def _left_after(order: Order, refund: Refund) -> dict[int, int]:
    removed = order.removed_units(refund.at_us)
    refunded = order.refunded_units(refund.at_us)
    return {
        item.line_id: item.quantity - removed.get(item.line_id, 0) - refunded.get(item.line_id, 0)
        for item in order.items
    }


def _line(
    order: Order, refund: Refund, line: RefundLine, left: int, letterhead: Letterhead
) -> Json:
    purse = letterhead.purse(foreign=order.foreign)
    kept = refund.restock == "no_restock"
    return {
        "id": line.refund_line_id,
        "line_item_id": line.item.line_id,
        "location_id": None if kept else letterhead.location_id,
        "quantity": line.units,
        "restock_type": refund.restock,
        "subtotal": purse.number(line.subtotal),
        "subtotal_set": purse.pair(line.subtotal),
        "total_tax": purse.number(line.tax),
        "total_tax_set": purse.pair(line.tax),
        "line_item": inner_line_payload(line.item, order, purse, left, refund.at_us),
    }


def _adjustments(order: Order, refund: Refund, purse: Purse) -> list[Json]:
    """Return the goodwill of a refund: money that belongs to no line."""
    minor = refund.goodwill_minor
    if not minor:
        return []
    return [
        {
            "id": refund.transaction_id + 1,
            "amount": purse.text(-minor),
            "amount_set": purse.pair(-minor),
            "kind": "refund_discrepancy",
            "order_id": order.order_id,
            "reason": "Refund discrepancy",
            "refund_id": refund.refund_id,
            "tax_amount": purse.text(0),
            "tax_amount_set": purse.pair(0),
        }
    ]


def _transaction(order: Order, refund: Refund, purse: Purse, letterhead: Letterhead) -> Json:
    minor = refund_minor(order, refund, taxes_included=letterhead.profile.taxes_included)
    at = letterhead.time(refund.at_us)
    return {
        "id": refund.transaction_id,
        "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{refund.transaction_id}",
        "amount": purse.text(minor),
        "amount_rounding": None,
        "authorization": None,
        "created_at": at,
        "currency": purse.currency,
        "device_id": None,
        "error_code": None,
        "gateway": order.gateway,
        "kind": "refund",
        "location_id": None,
        "manual_payment_gateway": False,
        "message": None,
        "order_id": order.order_id,
        "parent_id": None,
        "payment_id": f"#{order.number}.2",
        "processed_at": at,
        "receipt": {},
        "source_name": order.source,
        "status": "success",
        "test": order.test,
        # Here, and only here, Shopify writes "currency" instead of "currency_code".
        "total_unsettled_set": {
            "shop_money": {"amount": "0.0", "currency": purse.currency},
            "presentment_money": {"amount": "0.0", "currency": purse.presentment},
        },
        "user_id": None,
    }
