"""Who may knock at which door, as long as there is no login.

A page of another site can make this machine's browser send requests to loopback, and by rebinding
its name in DNS it can read the answers too. Checking the Host header ends the second, checking
Origin and Sec-Fetch-Site the first. A request that a proxy passed on came from the outside: only
webhooks have business there.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from shopwright.app.web.request import HttpError, Request
from shopwright.core.errors import BadInput

_HOST = re.compile(rb"(127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_PASSED_ON = frozenset(
    [b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"cf-connecting-ip"]
)


def check_loopback(host: str, what: str) -> None:
    """Raise BadInput unless the address can be reached from this machine only."""
    if host == "localhost":
        return
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise BadInput(
            f"{what} {host!r} can be reached from other machines, and predictions and the console "
            "have no login yet; use 127.0.0.1 and let a proxy or tunnel on this machine pass on "
            "/webhooks"
        )


def check_loopback_url(url: str, what: str) -> str:
    """Return an http address of this machine without its last slash; raise BadInput otherwise."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise BadInput(f"{what} {url!r} is not an http:// address")
    check_loopback(parts.hostname, what)
    return url.rstrip("/")


def check_host(request: Request) -> None:
    """Raise HttpError 421 unless the request was meant for this machine by name."""
    host = request.header(b"host")
    if host is None or not _HOST.fullmatch(host):
        raise HttpError(421, "open this as http://127.0.0.1 or http://localhost with the port")


def check_not_passed_on(request: Request) -> None:
    """Raise HttpError 403 for a request that came through a proxy."""
    if any(name in _PASSED_ON for name, _ in request.headers):
        raise HttpError(
            403, "a proxy may pass on /webhooks only: predictions and the console have no login yet"
        )


def check_same_origin(request: Request) -> None:
    """Raise HttpError 403 when a browser sends this for another site's page.

    Tools that are no browsers send neither header and are let in.
    """
    site = request.header(b"sec-fetch-site")
    if site is not None and site not in (b"same-origin", b"none"):
        raise _foreign()
    origin = request.header(b"origin")
    if origin is not None and origin != b"http://" + (request.header(b"host") or b""):
        raise _foreign()


def _foreign() -> HttpError:
    return HttpError(403, "another site's page asked for this, and only our own pages may")
