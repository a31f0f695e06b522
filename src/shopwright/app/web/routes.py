"""Which handler answers which method and path."""

import re
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import unquote

from shopwright.app.web.request import HttpError, Request
from shopwright.app.web.response import EventStream, Response
from shopwright.core.types.access import Scope

Handler = Callable[[Request], Awaitable[Response | EventStream]]


class Door(Enum):
    """Who may knock."""

    SHOPIFY = "shopify"
    """Anybody who signs; through a proxy once there is a public address."""
    ANYBODY = "anybody"
    """What is no secret: whether the process lives, and the console's own files."""
    SIGN_IN = "sign in"
    """Anybody over https or from this machine, to be asked who it is."""
    CALLER = "caller"
    """Whoever may do what the route needs: this machine, a session, or an API key."""
    PAGE = "page"
    """As before, but a stranger is led to the sign-in page instead of being refused."""


class Route(NamedTuple):
    """One line of the routing table."""

    method: str
    path: str
    """``{name}`` stands for one part of the path."""
    handler: Handler
    says: str
    door: Door = Door.CALLER
    needs: Scope | None = None
    """What the caller must be allowed; None lets in every caller."""
    is_form: bool = False
    """A form of ours: its handler compares the session's token in the body."""
    asks: type | None = None
    """The body that is expected, as JSON."""
    answers: Any = None
    """The body of 200 as a type; None where it is not JSON."""
    hoped: int = 200
    """The status of the answer that is hoped for."""
    query: tuple[tuple[str, str], ...] = ()
    """Names and meanings of what may stand behind the question mark."""
    refuses: tuple[int, ...] = ()
    """Statuses other than 200 that this route has reasons for."""


class RoutingTable:
    """Finds the route of a request."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[str, dict[str, Route]] = {}
        patterns: dict[str, dict[str, Route]] = {}
        for route in routes:
            methods = patterns if "{" in route.path else self._fixed
            methods.setdefault(route.path, {})[route.method] = route
        self._patterns = [(_pattern(path), methods) for path, methods in patterns.items()]

    def find(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]]:
        """Return the route and what its path says; raises HttpError 404 or 405."""
        methods = self._fixed.get(raw_path)
        if methods is not None:
            return _of_method(methods, method), {}
        for pattern, of_pattern in self._patterns:
            found = pattern.fullmatch(raw_path)
            if found:
                parameters = {name: unquote(text) for name, text in found.groupdict().items()}
                return _of_method(of_pattern, method), parameters
        raise HttpError(404, "there is nothing at this path; /openapi.json lists what there is")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]{1,200})", re.escape(path)))


def _of_method(methods: dict[str, Route], method: str) -> Route:
    # A HEAD is a GET whose body the server leaves out.
    wanted = "GET" if method == "HEAD" and "GET" in methods else method
    route = methods.get(wanted)
    if route is None:
        allowed = sorted({*methods, *(["HEAD"] if "GET" in methods else [])})
        raise HttpError(
            405,
            f"this path answers {' and '.join(allowed)} only",
            ((b"allow", ", ".join(allowed).encode()),),
        )
    return route
