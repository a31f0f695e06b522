"""An order as the GraphQL API shows it, from the payload of its newest webhook."""

from collections import Counter
from decimal import Decimal
from typing import Any

from shopwright.simulator.admin.nodes import Children, Node, Payload, bag, gid, negative, plus, when


def order_node(payload: Payload) -> Node:
    """Return the node of an order."""
    number = payload["id"]
    customer = payload["customer"]
    status = payload["financial_status"]
    lines = {line["id"]: line_node(line) for line in payload["line_items"]}
    refunds = [refund_node(refund) for refund in payload["refunds"]]
    return {
        "__typename": "Order",
        "id": gid("Order", number),
        "legacyResourceId": number,
        "name": payload["name"],
        "createdAt": when(payload["created_at"]),
        "processedAt": when(payload["processed_at"]),
        "updatedAt": when(payload["updated_at"]),
        "cancelledAt": when(payload["cancelled_at"]),
        "test": payload["test"],
        "confirmed": payload["confirmed"],
        "currencyCode": payload["currency"],
        "taxesIncluded": payload["taxes_included"],
        "displayFinancialStatus": status.upper() if status else None,
        "customer": {"__typename": "Customer", "id": gid("Customer", customer["id"])}
        if customer
        else None,
        "refunds": refunds,
        "lineItems": Children(lines.values()),
        "agreements": Children(_agreements(payload, lines)),
    }


def line_node(line: Payload) -> Node:
    """Return the node of an order line."""
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", line["id"]),
        "quantity": line["quantity"],
        "currentQuantity": line["current_quantity"],
        "sku": line["sku"],
        "title": line["title"],
        "isGiftCard": line["gift_card"],
        "product": _reference("Product", line["product_id"]),
        "variant": _reference("ProductVariant", line["variant_id"]),
        "originalUnitPriceSet": bag(line["price_set"]),
        "discountAllocations": [
            {"__typename": "DiscountAllocation", "allocatedAmountSet": bag(share["amount_set"])}
            for share in line["discount_allocations"]
        ],
        "taxLines": [
            {"__typename": "TaxLine", "priceSet": bag(tax["price_set"]), "title": tax["title"]}
            for tax in line["tax_lines"]
        ],
    }


def refund_node(refund: Payload) -> Node:
    """Return the node of a refund: not its lines, which a bulk operation cannot reach."""
    return {
        "__typename": "Refund",
        "id": gid("Refund", refund["id"]),
        "legacyResourceId": refund["id"],
        "createdAt": when(refund["created_at"]),
        "processedAt": when(refund["processed_at"]),
    }


def _reference(kind: str, number: int | None) -> Node | None:
    return None if number is None else {"__typename": kind, "id": gid(kind, number)}


def _agreements(payload: Payload, lines: dict[int, Node]) -> list[Node]:
    """Return what was agreed with the buyer, oldest first: the order, its edits, its refunds."""
    included = payload["taxes_included"]
    agreements = [
        _agreement(
            "OrderAgreement",
            payload["id"],
            payload["created_at"],
            "ORDER",
            [_sold(line, lines[line["id"]], included=included) for line in payload["line_items"]],
        )
    ]
    removed = _edited_off(payload)
    if removed:
        # When an edit was made is not told in a webhook; the simulated shop does not know it.
        sales = [
            _taken_off(line, lines[line["id"]], removed[line["id"]], included=included)
            for line in payload["line_items"]
            if removed[line["id"]]
        ]
        agreements.append(
            _agreement(
                "OrderEditAgreement", payload["id"], payload["updated_at"], "ORDER_EDIT", sales
            )
        )
    return agreements + [
        _agreement(
            "RefundAgreement",
            refund["id"],
            refund["created_at"],
            "REFUND",
            _returned(refund, lines, included=included),
        )
        | {"refund": refund_node(refund)}
        for refund in payload["refunds"]
    ]


def _agreement(kind: str, number: int, at: str, reason: str, sales: list[Node]) -> Node:
    return {
        "__typename": kind,
        "id": gid(kind, number),
        "happenedAt": when(at),
        "reason": reason,
        "sales": Children(sales),
    }


def _sold(line: Payload, node: Node, *, included: bool) -> Node:
    return _line_sale(f"{line['id']}1", "ORDER", node, line["quantity"], _worth(line, included))


def _taken_off(line: Payload, node: Node, units: int, *, included: bool) -> Node:
    total, tax = _worth(line, included)
    share = (_part(total, units, line["quantity"]), _part(tax, units, line["quantity"]))
    gone = (negative(share[0]), negative(share[1]))
    return _line_sale(f"{line['id']}2", "UPDATE", node, -units, gone)


def _returned(refund: Payload, lines: dict[int, Node], *, included: bool) -> list[Node]:
    sales = []
    for line in refund["refund_line_items"]:
        tax = line["total_tax_set"]
        total = line["subtotal_set"] if included else plus(line["subtotal_set"], tax)
        node = lines.get(line["line_item_id"]) or line_node(
            line["line_item"] | {"current_quantity": 0}
        )
        gone = (negative(total), negative(tax))
        sales.append(_line_sale(str(line["id"]), "RETURN", node, -line["quantity"], gone))
    adjustments = [
        _sale(
            "AdjustmentSale",
            str(adjustment["id"]),
            "RETURN",
            "ADJUSTMENT",
            None,
            (adjustment["amount_set"], adjustment["tax_amount_set"]),
        )
        for adjustment in refund["order_adjustments"]
    ]
    return sales + adjustments


def _line_sale(
    number: str, action: str, line: Node, units: int, worth: tuple[Payload, Payload]
) -> Node:
    kind, word = ("GiftCardSale", "GIFT_CARD") if line["isGiftCard"] else ("ProductSale", "PRODUCT")
    return _sale(kind, number, action, word, units, worth) | {"lineItem": line}


def _sale(
    kind: str,
    number: str,
    action: str,
    line_type: str,
    units: int | None,
    worth: tuple[Payload, Payload],
) -> Node:
    total, tax = worth
    return {
        "__typename": kind,
        "id": gid("Sale", number),
        "actionType": action,
        "lineType": line_type,
        "quantity": units,
        "totalAmount": bag(total),
        "totalTaxAmount": bag(tax),
    }


def _worth(line: Payload, included: bool) -> tuple[Payload, Payload]:
    """Return (total with tax, tax) of a line after its discounts."""
    price = line["price_set"]
    total: Payload = _part(price, line["quantity"], 1)
    for share in line["discount_allocations"]:
        total = plus(total, negative(share["amount_set"]))
    tax: Payload = _part(price, 0, 1)
    for one in line["tax_lines"]:
        tax = plus(tax, one["price_set"])
    return (total if included else plus(total, tax)), tax


def _part(money_set: Payload, units: int, of: int) -> Payload:
    def part(side: Payload) -> dict[str, Any]:
        amount = Decimal(side["amount"])
        whole = (amount * units / max(1, of)).quantize(amount)
        return {"amount": f"{whole:f}", "currency_code": side["currency_code"]}

    return {name: part(money_set[name]) for name in ("shop_money", "presentment_money")}


def _edited_off(payload: Payload) -> Counter[int]:
    """Return the units of each line that are neither there any more nor refunded."""
    gone: Counter[int] = Counter()
    for line in payload["line_items"]:
        gone[line["id"]] = line["quantity"] - line["current_quantity"]
    for refund in payload["refunds"]:
        for line in refund["refund_line_items"]:
            gone[line["line_item_id"]] -= line["quantity"]
    return +gone
