"""Reads an answer of the Admin API: data, or what went wrong and whether to ask again.

A throttled query comes with status 200, and so does a change that was refused by name.
https://shopify.dev/docs/api/usage/response-codes
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from shopwright.admin.cost import Bucket
from shopwright.core.clock import US_PER_SECOND, from_datetime

Trouble = Literal[
    "throttled",
    "unavailable",
    "token",
    "scope",
    "frozen",
    "locked",
    "rejected",
    "missing",
    "dear",
    "closed",
    "invalid",
    "no_answer",
]
"""What is wrong, by what is to be done:

``throttled``, ``unavailable``, ``no_answer``: ask again later. ``token``: get a new token, then
ask again. ``scope``: do without, and say so. ``frozen`` (unpaid), ``locked``, ``closed``: nothing
but the merchant can help. ``rejected`` (430): this machine is blocked. ``missing``: no such shop or
API version. ``dear``: the query must be split. ``invalid``: our own mistake.
"""

AGAIN = frozenset[Trouble]({"throttled", "unavailable", "no_answer"})

_BY_STATUS: Mapping[int, Trouble] = {
    401: "token",
    402: "frozen",
    403: "scope",
    404: "missing",
    423: "locked",
    429: "throttled",
    430: "rejected",
}
_BY_CODE: Mapping[str, Trouble] = {
    "THROTTLED": "throttled",
    "ACCESS_DENIED": "scope",
    "MAX_COST_EXCEEDED": "dear",
    "INTERNAL_SERVER_ERROR": "unavailable",
    "TIMEOUT": "unavailable",
    "SHOP_INACTIVE": "closed",
}
_WORST_FIRST: tuple[Trouble, ...] = (
    "throttled",
    "unavailable",
    "token",
    "closed",
    "dear",
    "scope",
    "invalid",
)
_WORDS_MAX = 300


class Failure(Struct, frozen=True, kw_only=True):
    """Why there is no data."""

    trouble: Trouble
    says: str
    """Shopify's own words, shortened; never a token."""
    status: int
    retry_after_seconds: float | None = None
    bucket: Bucket | None = None
    requested_cost: float | None = None


class Data(Struct, frozen=True, kw_only=True):
    """What was asked for."""

    data: dict[str, Any]
    served_version: str
    """The API version that answered; it differs from the one asked for when that has ended."""
    bucket: Bucket | None = None
    requested_cost: float | None = None
    actual_cost: float | None = None


class _Status(Struct, rename="camel"):
    maximum_available: float
    currently_available: float
    restore_rate: float


class _Cost(Struct, rename="camel"):
    requested_query_cost: float | None = None
    actual_query_cost: float | None = None
    throttle_status: _Status | None = None


class _Extensions(Struct):
    cost: _Cost | None = None


class _ErrorExtensions(Struct):
    code: str = ""


class _Error(Struct):
    message: str = ""
    extensions: _ErrorExtensions | None = None


class _Body(Struct):
    data: dict[str, Any] | None = None
    errors: list[_Error] | str | None = None
    extensions: _Extensions | None = None


def read_answer(
    status: int, headers: Mapping[str, str], body: bytes, now_us: int
) -> Data | Failure:
    """Return what an answer says; ``headers`` by name in lower case, ``now_us`` when it came."""
    if status != 200:
        trouble = _BY_STATUS.get(status, "unavailable" if status >= 500 else "invalid")
        return Failure(
            trouble=trouble,
            says=_words(body),
            status=status,
            retry_after_seconds=_retry_after(headers.get("retry-after", ""), now_us),
        )
    try:
        read = msgspec.json.decode(body, type=_Body)
    except msgspec.MsgspecError:
        # A page of a proxy or of maintenance, cut off or not JSON at all.
        return Failure(trouble="unavailable", says="the answer is no JSON", status=status)
    cost = (read.extensions.cost if read.extensions else None) or _Cost()
    bucket = _bucket(cost.throttle_status, now_us)
    if read.errors or read.data is None:
        return Failure(
            trouble=_trouble(read.errors),
            says=_said(read.errors),
            status=status,
            bucket=bucket,
            requested_cost=cost.requested_query_cost,
        )
    return Data(
        data=read.data,
        served_version=headers.get("x-shopify-api-version", ""),
        bucket=bucket,
        requested_cost=cost.requested_query_cost,
        actual_cost=cost.actual_query_cost,
    )


def _trouble(errors: list[_Error] | str | None) -> Trouble:
    if not errors:
        return "unavailable"  # neither data nor an error: nothing to go by
    if isinstance(errors, str):
        return "token" if "access token" in errors.lower() else "invalid"
    codes = [error.extensions.code if error.extensions else "" for error in errors]
    found = {_BY_CODE.get(code, "invalid") for code in codes}
    return next(trouble for trouble in _WORST_FIRST if trouble in found)


def _said(errors: list[_Error] | str | None) -> str:
    if not errors:
        return "neither data nor an error"
    text = errors if isinstance(errors, str) else "; ".join(error.message for error in errors)
    return text[:_WORDS_MAX]


def _words(body: bytes) -> str:
    """Return the error in a body of JSON; other bodies are pages for people and say nothing."""
    try:
        return _said(msgspec.json.decode(body, type=_Body).errors)
    except msgspec.MsgspecError:
        return ""


def _bucket(status: _Status | None, now_us: int) -> Bucket | None:
    if status is None:
        return None
    return Bucket(
        maximum=status.maximum_available,
        available=status.currently_available,
        restore_rate=status.restore_rate,
        at_us=now_us,
    )


def _retry_after(text: str, now_us: int) -> float | None:
    """Return the seconds of a Retry-After header, which may name a date instead."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (from_datetime(parsedate_to_datetime(text)) - now_us) / US_PER_SECOND
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), 3_600.0) if seconds == seconds else None  # noqa: PLR0124 - NaN
