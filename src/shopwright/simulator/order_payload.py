"""The payloads of ``orders/create|updated|paid|cancelled``: one whole order as of an instant."""

from shopwright.simulator.amounts import Json, Purse
from shopwright.simulator.bill import Totals, current_totals, refund_minor, totals
from shopwright.simulator.customer_payload import address_payload, customer_payload
from shopwright.simulator.letterhead import Letterhead
from shopwright.simulator.line_payload import (
    discount_payload,
    inner_line_payload,
    line_payload,
    shipping_payload,
    tax_payload,
)
from shopwright.simulator.order import Edit, Item, Order, Taxed
from shopwright.simulator.population import Account
from shopwright.simulator.refund_payload import refund_body


def order_body(order: Order, account: Account | None, us: int, letterhead: Letterhead) -> Json:
    """Return the order as of ``us``; ``account`` is whom it belongs to by then."""
    purse = letterhead.purse(foreign=order.foreign)
    included = letterhead.profile.taxes_included
    items = order.items_at(us)
    removed, refunded = order.removed_units(us), order.refunded_units(us)
    left = {
        item.line_id: item.quantity - removed.get(item.line_id, 0) - refunded.get(item.line_id, 0)
        for item in items
    }
    placed = totals(order, items, taxes_included=included)
    current = current_totals(order, items, left, us, taxes_included=included)
    gone = sum(
        refund_minor(order, refund, taxes_included=included)
        for refund in order.refunds
        if refund.at_us <= us
    )
    return (
        _identity(order, letterhead)
        | _times(order, us, letterhead)
        | _status(order, placed.total, gone, us)
        | _money(order, placed, current, purse)
        | _outstanding(order, current.total, gone, us, purse)
        | _person(order, account, us, letterhead)
        | _discounts(order, purse)
        | {
            "line_items": [
                line_payload(item, order, purse, left[item.line_id], us) for item in items
            ],
            "fulfillments": _fulfillments(order, items, us, letterhead),
            "refunds": [
                refund_body(order, refund, letterhead)
                for refund in order.refunds
                if refund.at_us <= us
            ],
            "shipping_lines": [shipping_payload(order, purse)],
            "tax_lines": _tax_lines(order, items, purse),
            "total_weight": sum(item.grams * item.quantity for item in items),
        }
    )


_NEVER_SET: Json = {
    "company": None,
    "device_id": None,
    "duties_included": False,
    "estimated_taxes": False,
    "landing_site_ref": None,
    "line_item_groups": [],
    "merchant_of_record_app_id": None,
    "note_attributes": [],
    "payment_terms": None,
    "po_number": None,
    "reference": None,
    "returns": [],
    "source_identifier": None,
    "source_url": None,
    "tax_exempt": False,
}


def _identity(order: Order, letterhead: Letterhead) -> Json:
    token = f"{order.order_id:032x}"
    web = order.source == "web"
    shop = letterhead.shop_number
    return _NEVER_SET | {
        "id": order.order_id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.order_id}",
        "app_id": letterhead.app_id,
        "cart_token": f"hWN{token[-20:]}" if web else None,
        "checkout_token": token[::-1] if web else None,
        "confirmation_number": f"{order.order_id % 36**6:09X}",
        "landing_site": "/" if web else None,
        "location_id": letterhead.location_id if order.source == "pos" else None,
        "merchant_business_entity_id": f"MTU{shop}",
        "name": f"#{order.number}",
        "number": order.number - 1000,
        "order_number": order.number,
        "order_status_url": f"https://{letterhead.profile.domain}/{shop}/orders/{token}"
        f"/authenticate?key={token[:16]}",
        "note": order.note,
        "referring_site": "" if web else None,
        "source_name": order.source,
        "taxes_included": letterhead.profile.taxes_included,
        "test": order.test,
        "token": token,
        "user_id": letterhead.staff_id if order.source != "web" else None,
    }


def _times(order: Order, us: int, letterhead: Letterhead) -> Json:
    cancelled = order.cancelled_us is not None and order.cancelled_us <= us
    return {
        "cancel_reason": order.cancel_reason if cancelled else None,
        "cancelled_at": letterhead.maybe_time(order.cancelled_us, us),
        "closed_at": letterhead.maybe_time(order.fulfilled_us, us),
        "created_at": letterhead.time(order.created_us),
        "processed_at": letterhead.time(order.processed_us),
        "updated_at": letterhead.time(order.updated_at(us)),
    }


def _status(order: Order, total: int, gone: int, us: int) -> Json:
    checked = order.checked_us is not None and order.checked_us <= us
    sent = order.fulfilled_us is not None and order.fulfilled_us <= us
    return {
        "confirmed": order.confirmed_us <= us,
        "financial_status": _financial_status(order, total, gone, us),
        "fulfillment_status": "fulfilled" if sent else None,
        "payment_gateway_names": [order.gateway],
        "tags": "checked" if checked else "",
    }


def _financial_status(order: Order, total: int, gone: int, us: int) -> str:
    if order.lapsed_us is not None and order.lapsed_us <= us:
        return order.lapse
    if order.paid_us is not None and order.paid_us <= us:
        if gone >= total > 0:
            return "refunded"
        return "partially_refunded" if gone else "paid"
    if order.cancelled_us is not None and order.cancelled_us <= us:
        return "voided"
    return "authorized" if order.authorized else "pending"


def _money(order: Order, placed: Totals, current: Totals, purse: Purse) -> Json:
    text, pair = purse.text, purse.pair
    return {
        "currency": purse.currency,
        "presentment_currency": purse.presentment,
        "current_shipping_price_set": pair(current.shipping),
        "current_subtotal_price": text(current.subtotal),
        "current_subtotal_price_set": pair(current.subtotal),
        "current_total_additional_fees_set": None,
        "current_total_discounts": text(current.discounts),
        "current_total_discounts_set": pair(current.discounts),
        "current_total_duties_set": None,
        "current_total_price": text(current.total),
        "current_total_price_set": pair(current.total),
        "current_total_tax": text(current.tax),
        "current_total_tax_set": pair(current.tax),
        "original_total_additional_fees_set": None,
        "original_total_duties_set": None,
        "subtotal_price": text(placed.subtotal),
        "subtotal_price_set": pair(placed.subtotal),
        "total_cash_rounding_payment_adjustment_set": pair(0),
        "total_cash_rounding_refund_adjustment_set": pair(0),
        "total_discounts": text(placed.discounts),
        "total_discounts_set": pair(placed.discounts),
        "total_line_items_price": text(placed.lines),
        "total_line_items_price_set": pair(placed.lines),
        "total_price": text(placed.total),
        "total_price_set": pair(placed.total),
        "total_shipping_price_set": pair(placed.shipping),
        "total_tax": text(placed.tax),
        "total_tax_set": pair(placed.tax),
        "total_tip_received": text(order.tip_minor),
    }


def _outstanding(order: Order, due: int, gone: int, us: int, purse: Purse) -> Json:
    paid = order.paid_us is not None and order.paid_us <= us
    closed = order.lapsed_us is not None and order.lapsed_us <= us
    closed = closed or (order.cancelled_us is not None and order.cancelled_us <= us)
    # Money given back for no line is settled by the discrepancy that the refund books.
    return {"total_outstanding": purse.text(0 if paid or closed else due - gone)}


def _person(order: Order, account: Account | None, us: int, letterhead: Letterhead) -> Json:
    email = "" if account is None else account.identity.email
    address = None
    if account is not None:
        address = address_payload(account, account.address_at(order.created_us), letterhead)
    web = order.source == "web"
    ip = f"203.0.113.{order.order_id % 254 + 1}" if web else None
    locale = letterhead.profile.country.locale
    return {
        "billing_address": address,
        "browser_ip": ip,
        "buyer_accepts_marketing": order.order_id % 3 == 0,
        "client_details": {
            "accept_language": locale,
            "browser_height": None,
            "browser_ip": ip,
            "browser_width": None,
            "session_hash": None,
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
        }
        if web
        else None,
        "contact_email": email,
        "customer": None if account is None else customer_payload(account, us, letterhead),
        "customer_locale": locale,
        "email": email,
        "phone": None if account is None else account.identity.phone,
        "shipping_address": address,
    }


def _discounts(order: Order, purse: Purse) -> Json:
    return {
        "discount_applications": [discount_payload(discount) for discount in order.discounts],
        "discount_codes": [
            {
                "code": discount.title,
                "amount": purse.text(discount.minor),
                "type": discount.value_type,
            }
            for discount in order.discounts
            if discount.kind == "discount_code"
        ],
    }


def _tax_lines(order: Order, items: list[Item], purse: Purse) -> list[Json]:
    sums: dict[tuple[str, int], int] = {}
    for taxed in [tax for item in items for tax in item.taxes] + list(order.shipping_taxes):
        key = (taxed.title, taxed.basis_points)
        sums[key] = sums.get(key, 0) + taxed.minor
    return [
        tax_payload(Taxed(title, points, minor), purse) for (title, points), minor in sums.items()
    ]


def _fulfillments(order: Order, items: list[Item], us: int, letterhead: Letterhead) -> list[Json]:
    if order.fulfilled_us is None or order.fulfilled_us > us:
        return []
    purse = letterhead.purse(foreign=order.foreign)
    at = letterhead.time(order.fulfilled_us)
    sent = [item for item in items if item.added_us is None or item.added_us < order.fulfilled_us]
    return [
        {
            "id": order.fulfillment_id,
            "admin_graphql_api_id": f"gid://shopify/Fulfillment/{order.fulfillment_id}",
            "created_at": at,
            "location_id": letterhead.location_id,
            "name": f"#{order.number}.1",
            "order_id": order.order_id,
            "origin_address": {},
            "receipt": {},
            "service": "manual",
            "shipment_status": None,
            "status": "success",
            "tracking_company": None,
            "tracking_number": None,
            "tracking_numbers": [],
            "tracking_url": None,
            "tracking_urls": [],
            "updated_at": at,
            "line_items": [
                inner_line_payload(item, order, purse, item.quantity, us) for item in sent
            ],
        }
    ]


def edited_body(order: Order, edit: Edit, letterhead: Letterhead) -> Json:
    """Return the payload of ``orders/edited``: differences only."""
    at = letterhead.time(edit.at_us)
    return {
        "order_edit": {
            "id": edit.edit_id,
            "app_id": None,
            "committed_at": at,
            "created_at": at,
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "line_items": {
                "additions": [{"id": line, "delta": units} for line, units in edit.added],
                "removals": [{"id": line, "delta": units} for line, units in edit.removed],
            },
            "notify_customer": False,
            "order_id": order.order_id,
            "shipping_lines": {"additions": [], "removals": []},
            "staff_note": "",
            "user_id": letterhead.staff_id,
        }
    }
