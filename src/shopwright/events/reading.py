"""What every reader of a payload needs: ids, money, dates and text, each checked once.

A reason never repeats a value of the payload: it is shown to operators and kept in the dead
letters, and the value may be somebody's name.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Struct

from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import BadInput, Unreadable
from shopwright.core.money import to_minor
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.store import Store
from shopwright.events.instant import instant_us

Pseudonymise = Callable[[str, str], Pseudonym]
"""(kind, original id) to pseudonym, under the store's key."""

ShopifyId = int | str
"""A 64-bit number, its digits as text, or a GraphQL id; a float is refused."""

T = TypeVar("T")

ID_MAX = (1 << 63) - 1
TEXT_LENGTH_MAX = 1_000
UNITS_MAX = 10**9
MINOR_MAX = 10**15
"""Gross of one order: thousands of such orders still sum up inside 64 bits."""

# Years 1 to 9999: what a date of Python, and so every report, can show.
_FIRST_US = -719_162 * US_PER_DAY
_LAST_US = 2_932_897 * US_PER_DAY - 1

_DIGITS = re.compile(r"[1-9]\d{0,18}", re.ASCII)
_GID = re.compile(r"gid://shopify/[A-Za-z]{1,100}/([1-9]\d{0,18})(?:\?\S{0,500})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class Reading(Struct, frozen=True, gc=False):
    """The surroundings in which one payload is read."""

    store: Store
    pseudonymise: Pseudonymise
    triggered_us: int
    """0 where the source has none."""
    received_us: int

    @property
    def told_us(self) -> int:
        """When Shopify told it; when it reached us, where Shopify does not say."""
        return self.triggered_us or self.received_us


class ShopMoney(Struct, frozen=True, gc=False):
    """An amount in the shop's own currency."""

    amount: str
    currency_code: str | None = None


class MoneySet(Struct, frozen=True, gc=False):
    """The same amount in the currencies of shop and buyer; only the shop's is read."""

    shop_money: ShopMoney | None = None


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Return the payload. Raises Unreadable, with the place but never the value."""
    try:
        return decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise Unreadable(_without_names(str(error))) from None
    except UnicodeDecodeError:
        raise Unreadable("the body is not UTF-8") from None
    except RecursionError:
        raise Unreadable("the body is nested too deeply") from None


def _without_names(said: str) -> str:
    """Leave out what the payload itself calls its fields: whoever sent it chose the words."""
    return re.sub(
        r"unknown field `.*`( - at `[^`]*`)?\Z",
        r"a field of no such payload\1",
        said,
        flags=re.DOTALL,
    )


def plain_id(found: ShopifyId, what: str) -> str:
    """Return the digits of an id; a GraphQL id is reduced to its last part. Raises Unreadable."""
    if isinstance(found, int):
        if 1 <= found <= ID_MAX:
            return str(found)
    else:
        match = _DIGITS.fullmatch(found)
        digits = match[0] if match else (gid[1] if (gid := _GID.fullmatch(found)) else None)
        if digits is not None and int(digits) <= ID_MAX:
            return digits
    raise Unreadable(f"{what} is not an id of Shopify")


def plain_id_or_none(found: ShopifyId | None, what: str) -> str | None:
    """Return the digits of an id that may be missing."""
    return None if found is None else plain_id(found, what)


def first_id(what: str, *found: ShopifyId | None) -> str:
    """Return the first id that is there. Raises Unreadable when there is none."""
    for one in found:
        if one is not None:
            return plain_id(one, what)
    raise Unreadable(f"{what} is missing")


def check_kind(gid: str | None, kind: str) -> None:
    """Raise Unreadable when a payload's own GraphQL id is that of another kind of thing.

    Only the body of a delivery is signed, not its topic: a genuine order that somebody sends again
    as ``customers/delete`` must tell nothing of a customer.
    """
    if gid is not None and not gid.startswith(f"gid://shopify/{kind}/"):
        raise Unreadable(f"its admin_graphql_api_id is not that of a {kind}")


def date_us(text: str | None, what: str) -> int | None:
    """Return a date as epoch microseconds, None for none. Raises Unreadable for any other text."""
    if text is None:
        return None
    us = instant_us(text)
    if us is None:
        raise Unreadable(f"{what} is not a date with time and offset (RFC 3339)")
    check_range_us(us)
    return us


def check_range_us(us: int | None) -> None:
    """Raise Unreadable for an instant outside the years 1 to 9999."""
    if us is not None and not _FIRST_US <= us <= _LAST_US:
        raise Unreadable("a date lies outside the years 1 to 9999")


def shop_minor(money: MoneySet | None, plain: Decimal | None, reading: Reading) -> int | None:
    """Return shop money as minor units: the set's, else the plain amount, else None."""
    currency = reading.store.currency
    if money is not None and money.shop_money is not None:
        if money.shop_money.currency_code != currency:
            check_currency(money.shop_money.currency_code, reading)
        return _minor(money.shop_money.amount, currency)
    return None if plain is None else _minor(str(plain), currency)


def check_currency(code: str | None, reading: Reading) -> None:
    """Raise Unreadable when a payload speaks of another currency than the store's."""
    currency = reading.store.currency
    if code is None or code == currency:
        return
    found = code if _CURRENCY.fullmatch(code) else "not a currency code"
    raise Unreadable(
        f"its currency is {found}, the store's is {currency}; money is never converted"
    )


def _minor(amount: str, currency: str) -> int:
    try:
        minor = to_minor(amount, currency)
    except BadInput:
        raise Unreadable("an amount of money is not a plain decimal") from None
    if abs(minor) > MINOR_MAX:
        raise Unreadable("an amount of money is too large to be true")
    return minor


def text_or_none(found: str | None, what: str) -> str | None:
    """Return a text, None for an empty one. Raises Unreadable for one that cannot be stored."""
    if not found:
        return None
    if "\x00" in found:
        raise Unreadable(f"{what} holds a null character")
    if len(found) > TEXT_LENGTH_MAX:
        raise Unreadable(f"{what} is longer than {TEXT_LENGTH_MAX} characters")
    return found
