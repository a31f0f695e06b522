"""Where a request comes from: as much as can be known, and nothing that only the sender says.

A request counts as near when its peer is a loopback address, it was meant for a loopback name, and
nothing about it says that a proxy passed it on. Headers are believed only from proxies that the
settings name.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from shopwright.app.settings import Settings
from shopwright.app.web.request import HttpError, Request
from shopwright.core.errors import BadInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LOOPBACK_HOST = re.compile(rb"(127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]{1,253})(?::\d{1,5})?", re.IGNORECASE)
_PASSED_ON = frozenset(
    [
        b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip",
        b"x-original-host", b"x-original-url", b"x-envoy-external-address", b"true-client-ip",
        b"fastly-client-ip", b"fly-client-ip", b"cdn-loop", b"x-amzn-trace-id",
        b"x-arr-ssl", b"x-appengine-user-ip",
    ]
)  # fmt: skip
_PASSED_ON_BEGIN = (b"x-forwarded-", b"cf-", b"x-original-forwarded")


class Whence(NamedTuple):
    """Where one request comes from."""

    address: str
    """Of the client, as far as trusted proxies tell it."""
    is_https: bool
    is_near: bool
    """From this machine, as far as anything shows."""
    is_local: bool
    """Near, and no proxy of ours stands at that address."""

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way could read it."""
        return self.is_https or self.is_near


class Surroundings:
    """What an installation knows of the way that requests take to it."""

    def __init__(self, settings: Settings, certificate_names: Sequence[str] = ()) -> None:
        self._proxies = read_networks(settings.trusted_proxies)
        public = urlsplit(settings.public_url)
        self._public_origin = f"https://{public.netloc.lower()}".encode() if public.netloc else None
        names = {name.lower() for name in certificate_names}
        if public.hostname:
            names.add(public.hostname)
        self._names = frozenset(name for name in names if not name.startswith("*."))
        self._wildcards = tuple(name[1:] for name in names if name.startswith("*."))
        self._is_trusted = lru_cache(4_096)(self._find_trusted)

    def of(self, request: Request) -> Whence:
        """Return where a request comes from."""
        scope = request.scope
        client = scope.get("client")
        peer: str = client[0] if client else ""
        host, passed_on = None, scope.get("http_version") == "1.0"
        # Version 1.0 is what a proxy speaks that was told nothing else, and no browser does.
        for name, value in request.headers:
            if name == b"host":
                host = value
            elif name in _PASSED_ON or name.startswith(_PASSED_ON_BEGIN):
                passed_on = True
        is_trusted = self._is_trusted(peer)
        is_near = (
            not passed_on
            and is_loopback(peer)
            and host is not None
            and _LOOPBACK_HOST.fullmatch(host) is not None
        )
        if is_trusted and passed_on:
            peer = self._said_for(request, peer)
        return Whence(peer, self.is_https(request), is_near, is_near and not is_trusted)

    def is_https(self, request: Request) -> bool:
        """Whether the browser sent this over https, as far as can be known."""
        scope = request.scope
        client = scope.get("client")
        is_https = scope.get("scheme") == "https"
        if self._proxies and client and self._is_trusted(client[0]):
            return self._said_https(request, is_https)
        return is_https

    def check_host(self, request: Request) -> bytes:
        """Return the Host; raise HttpError 421 unless it is one of our names, said once.

        A page of another site can give its own name our address in DNS; it cannot change what its
        browser sends as Host.
        """
        hosts = [value for name, value in request.headers if name == b"host"]
        if len(hosts) == 1 and (_LOOPBACK_HOST.fullmatch(hosts[0]) or self._is_ours(hosts[0])):
            return hosts[0]
        raise HttpError(
            421,
            "this name is not ours: open http://127.0.0.1 with the port on this machine, or the "
            "address of the setting public_url",
        )

    def is_same_origin(self, request: Request, host: bytes, whence: Whence) -> bool:
        """Whether this is not for another site's page; tools that are no browsers say nothing."""
        site = request.header(b"sec-fetch-site")
        if site is not None and site not in (b"same-origin", b"none"):
            return False
        origins = [value for name, value in request.headers if name == b"origin"]
        ours = (b"https://" if whence.is_https else b"http://") + host.lower()
        return all(origin.lower() in (ours, self._public_origin) for origin in origins)

    def _is_ours(self, host: bytes) -> bool:
        found = _HOST.fullmatch(host.decode("latin-1"))
        if found is None:
            return False
        name = found[1].lower().strip("[]")
        if name in self._names:
            return True
        first, _, rest = name.partition(".")
        return bool(first) and f".{rest}" in self._wildcards

    def _said_https(self, request: Request, otherwise: bool) -> bool:
        said = _values(request, b"x-forwarded-proto")
        return said[-1].lower() == "https" if said else otherwise

    def _said_for(self, request: Request, peer: str) -> str:
        """Return the nearest address that is no proxy of ours: all before it may be invented."""
        client = peer
        for text in reversed(_values(request, b"x-forwarded-for")):
            if _read_address(text) is None:
                break
            client = text
            if not self._is_trusted(text):
                break
        return client

    def _find_trusted(self, text: str) -> bool:
        address = _read_address(text)
        return address is not None and any(address in network for network in self._proxies)


def read_networks(text: str) -> tuple[Network, ...]:
    """Read the setting trusted_proxies. Raises BadInput."""
    try:
        return tuple(ip_network(part) for part in re.split(r"[ ,]+", text) if part)
    except ValueError as error:
        raise BadInput(
            f"trusted_proxies: {error}; expected addresses such as 127.0.0.1 and networks such as "
            "10.0.0.0/8, with commas between"
        ) from error


@lru_cache(4_096)
def is_loopback(text: str) -> bool:
    """Whether an address can be reached from this machine only."""
    address = _read_address(text)
    return address is not None and address.is_loopback


def _read_address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _values(request: Request, wanted: bytes) -> list[str]:
    found = [value.decode("latin-1") for name, value in request.headers if name == wanted]
    return [part.strip() for part in ",".join(found).split(",") if part.strip()]
