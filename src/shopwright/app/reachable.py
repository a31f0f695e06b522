"""Tries the public address the way Shopify would, as far as that can be done from here."""

import msgspec
import urllib3
from msgspec import Struct
from urllib3.exceptions import HTTPError, NameResolutionError, SSLError

from shopwright.core.decoding import NOT_DECODABLE

SECONDS = 5.0
"""Shopify waits so long for an answer."""
_BYTES_MAX = 4_096


class _Health(Struct):
    status: str = ""


def trouble_at(public_url: str) -> str:
    """Return what is wrong with the address in words; empty when our web process answers there.

    A name that only other networks resolve looks wrong from here and may be right.
    """
    url = f"{public_url.rstrip('/')}/healthz"
    pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=SECONDS))
    try:
        answer = pool.request("GET", url, redirect=False, preload_content=False)
        try:
            body = answer.read(_BYTES_MAX)
        finally:
            answer.release_conn()
    except NameResolutionError:
        return f"{public_url}: the name is not known to this machine's resolver"
    except SSLError:
        return f"{public_url}: its certificate is not one that Shopify would accept"
    except HTTPError as error:
        return f"{public_url}: nobody answers within {SECONDS:.0f} s ({type(error).__name__})"
    finally:
        pool.clear()
    if answer.status != 200 or _status(body) != "alive":
        return (
            f"{public_url}: something else answers there (status {answer.status}); let the proxy "
            "or tunnel lead to this installation's web process, which must run (`shopwright up`)"
        )
    return ""


def _status(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Health).status
    except NOT_DECODABLE:
        return ""
