"""/openapi.json: made from the routing table and the types of the bodies, so it cannot drift."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from shopwright import __version__
from shopwright.app.web.api_types import Failure, Health
from shopwright.app.web.request import Request
from shopwright.app.web.response import Response, answer
from shopwright.app.web.routes import Route

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
            "description": "The web process of Shopwright. Only `/webhooks` is meant for the "
            "outside; everything else answers this machine only.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(route: Route) -> dict[str, Any]:
    answers = {str(route.hoped): _answer(route)}
    for status in sorted(route.refuses):
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
    }
    if route.method == "POST" and (route.asks is not None or route.path == "/webhooks"):
        operation["requestBody"] = {
            "required": True,
            "content": _json(route.asks),
        }
    return operation


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
