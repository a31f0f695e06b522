"""Writes a simulated shop's orders and customers as the exports of Shopify's admin would."""

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

COLUMNS = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at",
    "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount",
    "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku",
    "Lineitem requires shipping", "Notes", "Cancelled at", "Refunded Amount", "Vendor", "Id",
    "Tags", "Source", "Lineitem discount", "Phone",
)  # fmt: skip


def write_orders(path: Path, payloads: Iterable[Mapping[str, Any]]) -> None:
    """Write one row a line item; what belongs to the order stands in the first."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for order in payloads:
            for number, line in enumerate(order["line_items"]):
                row = {"Name": order["name"], "Email": order["email"] or "", **_line(line)}
                writer.writerow(row | (_order(order) if number == 0 else {}))


def write_customers(path: Path, payloads: Iterable[Mapping[str, Any]]) -> None:
    """Write the customers export: it names their ids, with a spreadsheet's guard before them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Customer ID", "First Name", "Email", "Phone"])
        for one in payloads:
            writer.writerow([f"'{one['id']}", "Ann", one["email"], one["phone"]])


def _order(order: Mapping[str, Any]) -> dict[str, str]:
    refunded = sum(
        (Decimal(part["amount"]) for refund in order["refunds"] for part in refund["transactions"]),
        Decimal(0),
    )
    codes = order["discount_codes"]
    return {
        "Financial Status": order["financial_status"],
        "Paid at": _date(order["processed_at"]),
        "Currency": order["currency"],
        "Subtotal": order["subtotal_price"],
        "Shipping": order["total_shipping_price_set"]["shop_money"]["amount"],
        "Taxes": order["total_tax"],
        "Total": order["total_price"],
        "Discount Code": codes[0]["code"] if codes else "",
        "Discount Amount": order["total_discounts"],
        "Created at": _date(order["created_at"]),
        "Notes": 'He said "no",\nthen yes',
        "Cancelled at": _date(order["cancelled_at"]) if order["cancelled_at"] else "",
        "Refunded Amount": f"{refunded}",
        "Id": str(order["id"]),
        "Phone": order["phone"] or "",
    }


def _line(line: Mapping[str, Any]) -> dict[str, str]:
    name = f"{line['title']} - {line['variant_title']}" if line["variant_title"] else line["title"]
    return {
        "Lineitem quantity": str(line["quantity"]),
        "Lineitem name": name,
        "Lineitem price": line["price"],
        "Lineitem sku": line["sku"] or "",
        "Lineitem discount": line["total_discount"],
    }


def _date(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S %z")
