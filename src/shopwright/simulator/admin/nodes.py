"""Turns what webhooks tell into the nodes of the GraphQL API: two views of one and the same thing.

A node is a plain dictionary; what lies behind a connection is a :class:`Children`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Node = dict[str, Any]
Payload = Mapping[str, Any]
Hung = Mapping[tuple[str, str], Callable[..., Any]]
"""By type and field: what hangs on a node without being part of it."""


class Children(list[Node]):
    """The nodes behind a connection, in the order of ``place``."""

    place: Callable[[Node], tuple[str, int]] = staticmethod(lambda node: ("", number(node)))


def number(node: Node) -> int:
    """Return the number in a node's id."""
    return int(node["id"].rpartition("/")[2].partition("?")[0])


def gid(kind: str, number: int | str) -> str:
    """Return a global id."""
    return f"gid://shopify/{kind}/{number}"


def when(text: str | None) -> str | None:
    """Return an instant as GraphQL writes it: in UTC, to the second."""
    if text is None:
        return None
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def bag(money_set: Payload) -> Node:
    """Return a pair of amounts as the API names it."""
    return {name: _money(money_set[rest]) for name, rest in _SIDES}


def negative(money_set: Payload) -> Payload:
    """Return the same amounts with the other sign."""
    return {
        rest: {
            "amount": _text(-Decimal(money_set[rest]["amount"])),
            "currency_code": money_set[rest]["currency_code"],
        }
        for _, rest in _SIDES
    }


def plus(first: Payload, second: Payload) -> Payload:
    """Return the sum of two pairs of amounts."""
    return {
        rest: {
            "amount": _text(Decimal(first[rest]["amount"]) + Decimal(second[rest]["amount"])),
            "currency_code": first[rest]["currency_code"],
        }
        for _, rest in _SIDES
    }


_SIDES = (("shopMoney", "shop_money"), ("presentmentMoney", "presentment_money"))


def _text(amount: Decimal) -> str:
    return f"{amount or abs(amount):f}"


def _money(one: Payload) -> Node:
    # The API writes an amount without needless zeros, but with one digit behind the point.
    amount = Decimal(one["amount"]).normalize()
    digits = -int(amount.as_tuple().exponent)
    return {"amount": f"{amount:.{max(1, digits)}f}", "currencyCode": one["currency_code"]}
