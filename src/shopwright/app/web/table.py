"""The routing table: every method and path that the web process answers."""

from typing import Protocol

from shopwright.app.web.api_types import FeaturesAnswer, Health, PredictAnswer, PredictRequest
from shopwright.app.web.console import Console
from shopwright.app.web.console_types import (
    CustomerCard,
    CustomerPage,
    Overview,
    PlacedOrder,
    Truth,
)
from shopwright.app.web.metrics import Operations
from shopwright.app.web.predict import Predict
from shopwright.app.web.request import Request
from shopwright.app.web.response import Response
from shopwright.app.web.routes import Door, Route
from shopwright.app.web.webhooks import Webhooks

CUSTOMER_PATH = "/stores/{shop}/customers/{entity}"


class Describes(Protocol):
    """What answers /openapi.json."""

    async def openapi(self, request: Request) -> Response:
        """Answer the description of all these routes."""
        ...


def table(
    *,
    webhooks: Webhooks,
    predict: Predict,
    console: Console,
    operations: Operations,
    description: Describes,
) -> tuple[Route, ...]:
    """Return every route; those on the hot paths come first."""
    return (
        Route(
            "POST",
            "/webhooks",
            webhooks.take,
            "Takes a delivery from Shopify; 200 means that its bytes are on disk.",
            Door.SHOPIFY,
            refuses=(400, 401, 408, 413, 415, 421, 503),
        ),
        Route(
            "POST",
            "/v1/stores/{shop}/predict",
            predict.predict,
            "Scores up to a thousand customers as of now.",
            asks=PredictRequest,
            answers=PredictAnswer,
            refuses=(400, 403, 404, 408, 413, 421, 503),
        ),
        Route(
            "GET",
            "/v1/stores/{shop}/features/{entity}",
            predict.features,
            "Answers a customer's features as of now.",
            answers=FeaturesAnswer,
            refuses=(400, 403, 404, 421),
        ),
        *_operations(operations, description),
        *_pages(console),
        *_stores_api(console),
        *_customer_api(console),
    )


def _operations(operations: Operations, description: Describes) -> tuple[Route, ...]:
    refuses = (403, 421)
    return (
        Route("GET", "/metrics", operations.metrics, "Metrics for Prometheus.", refuses=refuses),
        Route(
            "GET",
            "/healthz",
            operations.healthz,
            "Says that the process lives.",
            answers=Health,
            refuses=refuses,
        ),
        Route(
            "GET",
            "/readyz",
            operations.readyz,
            "Says whether webhooks can be stored.",
            answers=Health,
            refuses=(*refuses, 503),
        ),
        Route("GET", "/openapi.json", description.openapi, "This description.", refuses=refuses),
    )


def _pages(console: Console) -> tuple[Route, ...]:
    pages = (
        ("/", console.front, "Leads to the console."),
        ("/console", console.front, "Leads to the console."),
        ("/console/", console.overview_page, "The page of all stores."),
        ("/console/stores/{shop}", console.store_page, "The page of one store."),
        (f"/console{CUSTOMER_PATH}", console.customer_page, "The page of one customer."),
        ("/console/assets/{name}", console.asset, "A style, script or picture of the pages."),
    )
    return tuple(
        Route(
            "GET",
            path,
            handler,
            says,
            hoped=308 if handler == console.front else 200,
            refuses=(403, 404, 421),
        )
        for path, handler, says in pages
    )


def _stores_api(console: Console) -> tuple[Route, ...]:
    refuses = (400, 403, 404, 421)
    return (
        Route(
            "GET",
            "/console/api/overview",
            console.overview,
            "Every store at a glance.",
            answers=Overview,
            refuses=(403, 421),
        ),
        Route(
            "GET",
            "/console/api/stores/{shop}",
            console.store,
            "A store and one page of its customers.",
            answers=CustomerPage,
            query=(
                ("after", "The pseudonym behind which the page begins."),
                ("limit", "Customers on the page, 1 to 200; 50 when left out."),
            ),
            refuses=refuses,
        ),
    )


def _customer_api(console: Console) -> tuple[Route, ...]:
    customer = f"/console/api{CUSTOMER_PATH}"
    refuses = (400, 403, 404, 421)
    return (
        Route(
            "GET",
            customer,
            console.customer,
            "One customer as of now.",
            answers=CustomerCard,
            refuses=refuses,
        ),
        Route(
            "GET",
            f"{customer}/events",
            console.events,
            "The customer at each change, as server-sent events.",
            refuses=(*refuses, 503),
        ),
        Route(
            "GET",
            f"{customer}/truth",
            console.truth,
            "What the simulation knows of the customer; null where it does not know the customer.",
            answers=Truth | None,
            refuses=(*refuses, 502),
        ),
        Route(
            "POST",
            f"{customer}/orders",
            console.order,
            "Lets the simulated customer place an order.",
            answers=PlacedOrder,
            refuses=(*refuses, 502),
        ),
    )
