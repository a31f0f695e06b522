"""Money is an integer of minor units in one currency: never a float, never converted.

Exponents follow ISO 4217 (six-month snapshot: all currencies whose exponent is not 2).
"""

import re
from decimal import Decimal
from functools import lru_cache

from shopwright.core.errors import BadInput

_ZERO_DECIMALS = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
_CODE = re.compile(r"[A-Z]{3}", re.ASCII)


def exponent(currency: str) -> int:
    """Return how many decimals the currency has: 0 for JPY, 3 for KWD, 2 for most."""
    if currency in _ZERO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def minor_per_major(currency: str) -> int:
    """Return how many minor units make one major unit."""
    return int(10 ** exponent(currency))


def check_currency(code: str) -> str:
    """Return the code if it has the form of ISO 4217; raise BadInput otherwise."""
    if not _CODE.fullmatch(code):
        raise BadInput(f"{code!r} is not a currency code; use three capitals such as GBP")
    return code


@lru_cache(maxsize=65_536)
def to_minor(amount: str, currency: str) -> int:
    """Read Shopify's decimal string as minor units, exactly.

    An amount with more decimals than its currency has (unit prices of some apps) is rounded
    half to even, as banks do. Raises BadInput for anything that is not a plain decimal.
    """
    if not _AMOUNT.fullmatch(amount):
        raise BadInput(f"{amount!r} is not an amount of money; expected digits such as 12.50")
    scaled = Decimal(amount).scaleb(exponent(currency))
    return int(scaled.to_integral_value(rounding="ROUND_HALF_EVEN"))


def format_minor(minor: int, currency: str) -> str:
    """Write minor units for people: ``12.50 GBP``."""
    digits = exponent(currency)
    return f"{Decimal(minor).scaleb(-digits):,.{digits}f} {currency}"
