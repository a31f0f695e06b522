"""Amounts as Shopify writes them: decimal strings, alone and as a pair of shop and presentment.

A set is built once per amount and shared between payloads; encoding does not care.
"""

from typing import Any

from shopwright.core.money import exponent, minor_per_major

Json = dict[str, Any]


def amount_text(minor: int, digits: int) -> str:
    """Write minor units with the currency's decimals: ``12.50``, and ``1250`` for yen."""
    if digits == 0:
        return str(minor)
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{minor // 10**digits}.{minor % 10**digits:0{digits}d}"


def parts(total: int, weights: list[int]) -> list[int]:
    """Split an amount by weights without losing a unit: largest remainders are rounded up."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(total * weights[i] % whole))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


class Purse:
    """Writes the amounts of orders paid in one presentment currency."""

    def __init__(self, currency: str, presentment: str, rate: float) -> None:
        self.currency = currency
        self.presentment = presentment
        self._digits = exponent(currency)
        self._foreign_digits = exponent(presentment)
        self._rate = rate * minor_per_major(presentment) / minor_per_major(currency)
        self._sets: dict[int, Json] = {}
        self._texts: dict[int, str] = {}

    def text(self, minor: int) -> str:
        """Return the amount in shop money."""
        text = self._texts.get(minor)
        if text is None:
            text = self._texts[minor] = amount_text(minor, self._digits)
        return text

    def pair(self, minor: int) -> Json:
        """Return the ``*_set`` of an amount: shop money and what the customer saw."""
        pair = self._sets.get(minor)
        if pair is None:
            seen = minor if self.presentment == self.currency else round(minor * self._rate)
            pair = self._sets[minor] = {
                "shop_money": {"amount": self.text(minor), "currency_code": self.currency},
                "presentment_money": {
                    "amount": amount_text(seen, self._foreign_digits),
                    "currency_code": self.presentment,
                },
            }
        return pair

    def number(self, minor: int) -> float | int:
        """Return the amount as a JSON number, as ``refund_line_items[].subtotal`` has it."""
        return minor if self._digits == 0 else minor / 10**self._digits
