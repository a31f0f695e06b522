"""/openapi.json: made from the routing table and the types of the bodies, so it cannot drift."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from shopwright import __version__
from shopwright.app.web.api_types import Failure, Health
from shopwright.app.web.guard import session_cookie
from shopwright.app.web.request import Request
from shopwright.app.web.response import Response, answer
from shopwright.app.web.routes import Door, Route
from shopwright.core.types.access import Scope

VERSION = "3.1.0"
REFERENCE = "#/components/schemas/{name}"

PARAMETERS = {
    "shop": "The store's permanent domain, `my-store.myshopify.com`.",
    "entity": "A customer: Shopify's id as digits or gid, or a pseudonym of 32 hex digits.",
    "name": "The name of a file.",
}
HEADERS = {
    "X-Shopify-Topic": True,
    "X-Shopify-Hmac-Sha256": True,
    "X-Shopify-Shop-Domain": True,
    "X-Shopify-API-Version": True,
    "X-Shopify-Webhook-Id": True,
    "X-Shopify-Event-Id": False,
    "X-Shopify-Triggered-At": False,
}
"""Headers of a delivery, and whether each is required."""


SCHEMES: dict[str, Any] = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "swk_…",
        "description": "Made by `shopwright keys create`; it opens what its scopes say, of one "
        "store or of all.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": session_cookie(is_https=True).decode(),
        "description": "Begun at /console/login. What changes something repeats the session's "
        "token in `X-CSRF-Token`.",
    },
    "shopifySignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Shopify-Hmac-Sha256",
        "description": "Base64 of the HMAC-SHA-256 of the body under the store's webhook secret.",
    },
}
BY_SESSION = frozenset([Scope.CONSOLE, Scope.METRICS, Scope.PRIVACY, Scope.ADMIN])
"""What somebody who signed in can have; scores and features by the API are for programs."""


class Description:
    """The handler of one route, once it has been told of all."""

    def __init__(self) -> None:
        self._document: Response | None = None

    def describe(self, routes: Sequence[Route]) -> None:
        """Write the description of these routes."""
        self._document = answer(document(routes))

    async def openapi(self, _request: Request) -> Response:
        """Answer the description."""
        assert self._document is not None
        return self._document


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the description of these routes in OpenAPI 3.1."""
    bodies = [kind for route in routes for kind in (route.asks, route.answers) if kind is not None]
    _, components = msgspec.json.schema_components([Failure, *bodies], ref_template=REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": VERSION,
        "info": {
            "title": "Shopwright",
            "version": __version__,
            "description": "The web process of Shopwright. `/webhooks` takes whatever Shopify "
            "signed. Everything else answers this machine, and from outside whoever shows an API "
            "key or has signed in; `x-scope` says which scope a route needs.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SCHEMES},
    }


def _operation(route: Route) -> dict[str, Any]:
    answers = {str(route.hoped): _answer(route)}
    for status in sorted({*route.refuses, *_refused_at_the_door(route)}):
        # A process that is not ready says so in the same words as one that is.
        kind = Health if route.answers is Health and status == 503 else Failure
        answers[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": _json(kind),
        }
    operation: dict[str, Any] = {
        "operationId": _name(route),
        "summary": route.says,
        "parameters": [*_path_parameters(route), *_query(route), *_headers(route)],
        "responses": answers,
        "security": _security(route),
    }
    if route.needs is not None:
        operation["x-scope"] = str(route.needs)
    if route.method == "POST" and (route.asks is not None or route.path == "/webhooks"):
        operation["requestBody"] = {
            "required": True,
            "content": _json(route.asks),
        }
    return operation


def _refused_at_the_door(route: Route) -> tuple[int, ...]:
    match route.door:
        case Door.CALLER:
            return (401, 403, 421, 429)
        case Door.PAGE:
            return (303, 401, 403, 421, 429)
        case Door.SIGN_IN:
            return (403, 421)
        case _:
            return ()


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Return what opens a route; the empty one says that this machine needs nothing."""
    match route.door:
        case Door.SHOPIFY:
            return [{"shopifySignature": []}]
        case Door.CALLER | Door.PAGE:
            scopes = [] if route.needs is None else [str(route.needs)]
            by_session = route.needs is None or route.needs in BY_SESSION
            return [{"apiKey": scopes}, *([{"session": scopes}] if by_session else []), {}]
        case _:
            return [{}]


def _answer(route: Route) -> dict[str, Any]:
    if route.answers is None:
        return {"description": route.says}
    return {"description": route.says, "content": _json(route.answers)}


def _json(kind: Any) -> dict[str, Any]:
    if kind is None:
        return {"application/json": {"schema": {"type": "object"}}}
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=REFERENCE)
    return {"application/json": {"schema": schema}}


def _name(route: Route) -> str:
    # "/console/" is not "/console": what ends in a slash is the index of what is below it.
    path = f"{route.path}index" if route.path.endswith("/") else route.path
    words = [word for word in re.split(r"[^a-z0-9]+", path) if word]
    return "_".join([route.method.lower(), *words])


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name],
            "schema": {"type": "string"},
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "description": says, "schema": {"type": "string"}}
        for name, says in route.query
    ]


def _headers(route: Route) -> list[dict[str, Any]]:
    if route.path != "/webhooks":
        return []
    return [
        {"name": name, "in": "header", "required": required, "schema": {"type": "string"}}
        for name, required in HEADERS.items()
    ]
