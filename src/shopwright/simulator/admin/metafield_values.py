"""Whether a text is a value of a metafield's type, in Shopify's words when it is not.

https://shopify.dev/docs/apps/build/metafields/list-of-data-types
https://shopify.dev/docs/apps/build/metafields/metafield-limits
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from shopwright.core.decoding import NOT_DECODABLE

JSON_BYTES_MAX = 128 << 10
BYTES_MAX = 64 << 10
ITEMS_MAX = 128
_INTEGER_MAX = 9_007_199_254_740_991
_INTEGER = re.compile(r"-?\d{1,20}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,13}(\.\d{1,9})?", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)

Exists = Callable[[str], bool]
"""Whether the shop holds what a global id names."""


class Wrong(Struct, frozen=True):
    """Why a text is no value of its type, and the code for it."""

    message: str
    code: str = "INVALID_VALUE"


def check(kind: str, value: str, exists: Exists) -> Wrong | None:
    """Return what is wrong with a value of one of the TYPES."""
    limit = JSON_BYTES_MAX if kind == "json" else BYTES_MAX
    if len(value.encode()) > limit:
        return Wrong(f"Value is too long (maximum is {limit} bytes).", "TOO_LONG")
    said = _CHECKS[kind](value, exists)
    return Wrong(said) if said else None


def _text(value: str, _exists: Exists) -> str:
    if not value.strip():
        return "Value can't be blank."
    return "Value must be a single line text string." if set("\r\n") & set(value) else ""


def _integer(value: str, _exists: Exists) -> str:
    if not _INTEGER.fullmatch(value):
        return "Value must be an integer."
    if abs(int(value)) > _INTEGER_MAX:
        return f"Value must be between -{_INTEGER_MAX} and {_INTEGER_MAX}."
    return ""


def _decimal(value: str, _exists: Exists) -> str:
    return "" if _DECIMAL.fullmatch(value) else "Value must be a decimal."


def _boolean(value: str, _exists: Exists) -> str:
    return "" if value in ("true", "false") else "Value must be true or false."


def _date_time(value: str, _exists: Exists) -> str:
    try:
        if _DATE_TIME.fullmatch(value):
            datetime.fromisoformat(value)
            return ""
    except ValueError:
        pass
    return "Value must be in YYYY-MM-DDTHH:MM:SS format."


def _json(value: str, _exists: Exists) -> str:
    try:
        msgspec.json.decode(value)
    except NOT_DECODABLE:
        return "Value is invalid JSON."
    return ""


def _products(value: str, exists: Exists) -> str:
    try:
        items = msgspec.json.decode(value, type=list[str])
    except NOT_DECODABLE:
        return "Value must be a JSON array."
    if len(items) > ITEMS_MAX:
        return f"Value has more than {ITEMS_MAX} elements."
    for one in items:
        if not one.startswith("gid://shopify/Product/") or not exists(one):
            return f"Value references non-existent resource {one}."
    return ""


_CHECKS: Mapping[str, Callable[[str, Exists], str]] = {
    "boolean": _boolean,
    "date_time": _date_time,
    "json": _json,
    "list.product_reference": _products,
    "number_decimal": _decimal,
    "number_integer": _integer,
    "single_line_text_field": _text,
}

TYPES = tuple(_CHECKS)
"""The types that the simulated shop knows; Shopify has some eighty."""
