"""Lines of an order as Shopify tells them, with their discounts, taxes and dispatch."""

from shopwright.simulator.amounts import Json, Purse
from shopwright.simulator.order import Discount, Item, Order, Taxed


def line_payload(item: Item, order: Order, purse: Purse, left: int, us: int) -> Json:
    """Return a line of which ``left`` units are neither edited off nor refunded."""
    sent = order.fulfilled_us is not None and order.fulfilled_us <= us
    return {
        "id": item.line_id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{item.line_id}",
        "attributed_staffs": [],
        "current_quantity": left,
        "fulfillable_quantity": 0 if sent else left,
        "fulfillment_service": "manual",
        "fulfillment_status": "fulfilled" if sent else None,
        "gift_card": item.gift_card,
        "grams": item.grams,
        "price": purse.text(item.price_minor),
        "price_set": purse.pair(item.price_minor),
        "properties": [],
        "quantity": item.quantity,
        "requires_shipping": not item.gift_card,
        "sales_line_item_group_id": None,
        "taxable": not item.gift_card,
        "total_discount": purse.text(item.line_discount_minor),
        "total_discount_set": purse.pair(item.line_discount_minor),
        **_goods(item),
        "tax_lines": [tax_payload(tax, purse) for tax in item.taxes],
        "duties": [],
        "discount_allocations": [
            {
                "amount": purse.text(minor),
                "amount_set": purse.pair(minor),
                "discount_application_index": index,
            }
            for index, minor in item.allocations
        ],
    }


def _goods(item: Item) -> Json:
    """Return what a line says of its product; a line typed in by hand has none."""
    product, variant = item.product, item.variant
    title = None if variant is None or variant.title == "Default Title" else variant.title
    return {
        "name": f"{item.title} - {title}" if title else item.title,
        "product_exists": product is not None,
        "product_id": None if product is None else product.product_id,
        "sku": "" if variant is None else variant.sku,
        "title": item.title,
        "variant_id": None if variant is None else variant.variant_id,
        "variant_inventory_management": None if variant is None else "shopify",
        "variant_title": title,
        "vendor": None if product is None else product.vendor,
    }


_ONLY_IN_ORDERS = ("attributed_staffs", "current_quantity", "sales_line_item_group_id")


def inner_line_payload(item: Item, order: Order, purse: Purse, left: int, us: int) -> Json:
    """Return a line as it stands inside a refund or a fulfillment."""
    written = line_payload(item, order, purse, left, us)
    for key in _ONLY_IN_ORDERS:
        del written[key]
    return written


def tax_payload(tax: Taxed, purse: Purse) -> Json:
    """Return one tax line."""
    return {
        "channel_liable": False,
        "price": purse.text(tax.minor),
        "price_set": purse.pair(tax.minor),
        "rate": tax.basis_points / 10_000,
        "title": tax.title,
    }


def discount_payload(discount: Discount) -> Json:
    """Return one discount application."""
    written: Json = {
        "target_type": "line_item",
        "type": discount.kind,
        "value": discount.value,
        "value_type": discount.value_type,
        "allocation_method": discount.method,
        "target_selection": discount.selection,
    }
    if discount.kind == "discount_code":
        written["code"] = discount.title
    else:
        written["title"] = discount.title
    return written


def shipping_payload(order: Order, purse: Purse) -> Json:
    """Return the shipping line."""
    minor = order.shipping_minor
    title = "Standard delivery" if minor else "Free delivery"
    return {
        "id": order.shipping_line_id,
        "carrier_identifier": None,
        "code": title,
        "current_discounted_price_set": purse.pair(minor),
        "discounted_price": purse.text(minor),
        "discounted_price_set": purse.pair(minor),
        "is_removed": False,
        "phone": None,
        "price": purse.text(minor),
        "price_set": purse.pair(minor),
        "requested_fulfillment_service_id": None,
        "source": "shopify",
        "title": title,
        "tax_lines": [tax_payload(tax, purse) for tax in order.shipping_taxes],
        "discount_allocations": [],
    }
