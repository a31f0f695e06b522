"""What a simulated shop can be made to do over HTTP: ``POST /{shop}/simulate/{what}``.

The body is a JSON object with the numbers that a command takes. Shopify has nothing like it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from shopwright.app.double.shops import DoubleShop
from shopwright.core.clock import US_PER_SECOND
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import BadInput
from shopwright.core.types.http import HttpAnswer

_JSON = {"content-type": "application/json"}
Given = Mapping[str, Any]
Command = Callable[[DoubleShop, Given, int], Any]


def command(shop: DoubleShop, what: str, body: bytes, now_us: int) -> HttpAnswer:
    """Do it, and say what came of it; 400 with the reason when it cannot be done."""
    try:
        given = msgspec.json.decode(body or b"{}", type=dict[str, Any])
        if what not in COMMANDS:
            raise BadInput(f"there is no {what!r}; there are {', '.join(sorted(COMMANDS))}")
        said = COMMANDS[what](shop, given, now_us)
    except (BadInput, KeyError, TypeError, ValueError, *NOT_DECODABLE) as error:
        return _answer(400, {"error": f"{what}: {error}"})
    return _answer(200, {"done": what, "said": said})


def _outage(shop: DoubleShop, given: Given, now_us: int) -> None:
    shop.api.state.faults.down_until_us = now_us + _seconds(given)


def _throttle(shop: DoubleShop, given: Given, now_us: int) -> None:
    shop.api.state.faults.throttled_until_us = now_us + _seconds(given)


def _fault(shop: DoubleShop, given: Given, _now_us: int) -> None:
    _set(shop.api.state.faults, given)


def _webhooks(shop: DoubleShop, given: Given, _now_us: int) -> None:
    _set(shop.deliveries.faults, given)


def _revoke(shop: DoubleShop, _given: Given, _now_us: int) -> None:
    shop.app.revoke_all()


def _unsubscribe(shop: DoubleShop, given: Given, _now_us: int) -> int:
    subscriptions = shop.api.state.subscriptions
    found = [one for one in subscriptions.of_topic(str(given["topic"])) if not one.of_app]
    return sum(subscriptions.delete(one.number) for one in found)


def _session_token(shop: DoubleShop, _given: Given, now_us: int) -> str:
    return shop.app.session_token(shop.api.state.profile.domain, now_us)


COMMANDS: Mapping[str, Command] = {
    "outage": _outage,
    "throttle": _throttle,
    "fault": _fault,
    "webhooks": _webhooks,
    "revoke-tokens": _revoke,
    "unsubscribe": _unsubscribe,
    "session-token": _session_token,
    "uninstall": lambda shop, _given, now_us: shop.uninstall(now_us),
    "scopes": lambda shop, given, now_us: shop.rescope(given["scopes"], now_us),
    "redact": lambda shop, given, now_us: shop.redact(int(given["customer"]), now_us),
    "data-request": lambda shop, given, now_us: shop.request_data(int(given["customer"]), now_us),
    "shop-redact": lambda shop, _given, now_us: shop.redact_shop(now_us),
    "customers": lambda shop, _given, _now_us: shop.customers(),
}
"""By name; what each takes is in ``docs/simulated-shopify.md``."""


def _seconds(given: Given) -> int:
    return round(float(given["seconds"]) * US_PER_SECOND)


def _set(faults: msgspec.Struct, given: Given) -> None:
    """Change the named fields, each to a value of its own kind."""
    for name, value in given.items():
        if name not in faults.__struct_fields__:
            raise BadInput(f"there is no {name!r}; there are {', '.join(faults.__struct_fields__)}")
        kind = type(getattr(faults, name))
        setattr(faults, name, msgspec.convert(value, kind, strict=kind is not float))


def _answer(status: int, said: Any) -> HttpAnswer:
    return HttpAnswer(status=status, headers=_JSON, body=msgspec.json.encode(said))
