"""The headers that tell a browser what it may do with an answer: all of them from here.

They depend on what is answered and how it was asked for, never on a list that is written once: who
may show a page in a frame is computed for each request.
"""

from functools import cache

from shopwright.app.web.response import HTML, Header
from shopwright.core.types.identity import StoreId

_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_DATA = "default-src 'none'; frame-ancestors {ancestors}"
_ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_OF_PAGES: tuple[Header, ...] = (
    # With no-referrer a browser would call the origin of our own forms "null".
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
)
_OF_DATA: tuple[Header, ...] = ((b"referrer-policy", b"no-referrer"),)
_HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000")


def frame_ancestors(embedded_in: StoreId | None) -> str:
    """Return who may frame a page: nobody, or the one shop whose admin it is embedded in."""
    if embedded_in is None:
        return "'none'"
    return f"https://{embedded_in} https://admin.shopify.com"


@cache
def headers(content_type: bytes, *, is_https: bool, ancestors: str) -> tuple[Header, ...]:
    """Return the headers of one answer, beside its own."""
    is_page = content_type.startswith(HTML)
    policy = (_PAGE if is_page else _DATA).format(ancestors=ancestors)
    found = [*_ALWAYS, (b"content-security-policy", policy.encode())]
    if ancestors == "'none'":
        found.append((b"x-frame-options", b"DENY"))
    found += _OF_PAGES if is_page else _OF_DATA
    if is_https:
        found.append(_HTTPS_ONLY)
    return tuple(found)
