"""The routing table: every method and path that the web process answers."""

from typing import Protocol

from shopwright.app.web.api_types import (
    FeaturesAnswer,
    Health,
    PredictAnswer,
    PredictRequest,
    ReceiptsAnswer,
)
from shopwright.app.web.console import Console
from shopwright.app.web.console_types import (
    Account,
    CustomerCard,
    CustomerPage,
    Overview,
    PlacedOrder,
    Truth,
)
from shopwright.app.web.login import Login
from shopwright.app.web.metrics import Operations
from shopwright.app.web.oauth import (
    CALLBACK_PATH,
    SESSION_PATH,
    START_PATH,
    OAuth,
    SessionAnswer,
)
from shopwright.app.web.predict import Predict
from shopwright.app.web.receipts import Receipts
from shopwright.app.web.request import Request
from shopwright.app.web.response import Response
from shopwright.app.web.routes import Door, Route
from shopwright.app.web.webhooks import Webhooks
from shopwright.core.types.access import Scope

CUSTOMER_PATH = "/stores/{shop}/customers/{entity}"


class Describes(Protocol):
    """What answers /openapi.json."""

    async def openapi(self, request: Request) -> Response:
        """Answer the description of all these routes."""
        ...


def table(  # noqa: PLR0913 - one for each set of handlers
    *,
    webhooks: Webhooks,
    predict: Predict,
    receipts: Receipts,
    console: Console,
    login: Login,
    oauth: OAuth,
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
            needs=Scope.PREDICT,
            asks=PredictRequest,
            answers=PredictAnswer,
            refuses=(400, 404, 408, 413, 503),
        ),
        Route(
            "GET",
            "/v1/stores/{shop}/features/{entity}",
            predict.features,
            "Answers a customer's features as of now.",
            needs=Scope.FEATURES,
            answers=FeaturesAnswer,
            refuses=(400, 404),
        ),
        Route(
            "GET",
            "/v1/stores/{shop}/privacy/receipts",
            receipts.of_store,
            "The signed receipts of what was erased.",
            needs=Scope.PRIVACY,
            answers=ReceiptsAnswer,
            refuses=(404,),
        ),
        *_operations(operations, description),
        *_oauth(oauth),
        *_pages(console),
        *_sign_in(login),
        *_stores_api(console),
        *_customer_api(console),
    )


def _oauth(oauth: OAuth) -> tuple[Route, ...]:
    return (
        Route(
            "GET",
            START_PATH,
            oauth.start,
            "Sends a merchant to the shop's consent page.",
            Door.SIGN_IN,
            hoped=302,
            query=(("shop", "The shop's permanent domain."),),
            refuses=(400, 404),
        ),
        Route(
            "GET",
            CALLBACK_PATH,
            oauth.callback,
            "Takes a merchant back from Shopify; believed only when signed and begun here.",
            Door.SIGN_IN,
            refuses=(400, 502),
        ),
        Route(
            "POST",
            SESSION_PATH,
            oauth.session,
            "Takes the session token of a page inside Shopify's admin, and gets the store's token.",
            Door.SIGN_IN,
            answers=SessionAnswer,
            refuses=(401, 502),
        ),
    )


def _operations(operations: Operations, description: Describes) -> tuple[Route, ...]:
    return (
        Route(
            "GET",
            "/metrics",
            operations.metrics,
            "Metrics for Prometheus.",
            needs=Scope.METRICS,
        ),
        Route(
            "GET",
            "/healthz",
            operations.healthz,
            "Says that the process lives.",
            Door.ANYBODY,
            answers=Health,
        ),
        Route(
            "GET",
            "/readyz",
            operations.readyz,
            "Says whether webhooks can be stored; why not, to those who may see the metrics.",
            Door.ANYBODY,
            answers=Health,
            refuses=(503,),
        ),
        Route("GET", "/openapi.json", description.openapi, "This description."),
    )


def _pages(console: Console) -> tuple[Route, ...]:
    pages = (
        ("/", console.front, "Leads to the console."),
        ("/console", console.front, "Leads to the console."),
        ("/console/", console.overview_page, "The page of all stores."),
        ("/console/stores/{shop}", console.store_page, "The page of one store."),
        (f"/console{CUSTOMER_PATH}", console.customer_page, "The page of one customer."),
    )
    return (
        *(
            Route(
                "GET",
                path,
                handler,
                says,
                Door.PAGE,
                needs=Scope.CONSOLE,
                hoped=308 if handler == console.front else 200,
                refuses=(404,),
            )
            for path, handler, says in pages
        ),
        Route(
            "GET",
            "/console/assets/{name}",
            console.asset,
            "A style, script or picture of the pages.",
            Door.ANYBODY,
            refuses=(404,),
        ),
    )


def _sign_in(login: Login) -> tuple[Route, ...]:
    return (
        Route("GET", "/console/login", login.page, "The page that asks who it is.", Door.SIGN_IN),
        Route(
            "POST",
            "/console/login",
            login.sign_in,
            "Takes the form of that page: leads to the console, or says that it does not fit.",
            Door.SIGN_IN,
            hoped=303,
            refuses=(400, 408, 413, 415, 429, 503),
        ),
        Route(
            "GET",
            "/console/logout",
            login.logout_page,
            "The page whose button signs out.",
            Door.PAGE,
        ),
        Route(
            "POST",
            "/console/logout",
            login.sign_out,
            "Ends the session.",
            is_form=True,
            hoped=303,
            refuses=(400, 408, 413, 415),
        ),
        Route(
            "GET",
            "/console/api/account",
            login.account,
            "Who is signed in, and the token that a page repeats to change something.",
            answers=Account,
        ),
    )


def _stores_api(console: Console) -> tuple[Route, ...]:
    refuses = (400, 404)
    return (
        Route(
            "GET",
            "/console/api/overview",
            console.overview,
            "Every store at a glance, of those that the caller may see.",
            needs=Scope.CONSOLE,
            answers=Overview,
        ),
        Route(
            "GET",
            "/console/api/stores/{shop}",
            console.store,
            "A store and one page of its customers.",
            needs=Scope.CONSOLE,
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
    refuses = (400, 404)
    return (
        Route(
            "GET",
            customer,
            console.customer,
            "One customer as of now.",
            needs=Scope.CONSOLE,
            answers=CustomerCard,
            refuses=refuses,
        ),
        Route(
            "GET",
            f"{customer}/events",
            console.events,
            "The customer at each change, as server-sent events.",
            needs=Scope.CONSOLE,
            refuses=(*refuses, 503),
        ),
        Route(
            "GET",
            f"{customer}/truth",
            console.truth,
            "What the simulation knows of the customer; null where it does not know the customer.",
            needs=Scope.CONSOLE,
            answers=Truth | None,
            refuses=(*refuses, 502),
        ),
        Route(
            "POST",
            f"{customer}/orders",
            console.order,
            "Lets the simulated customer place an order.",
            needs=Scope.ADMIN,
            answers=PlacedOrder,
            refuses=(*refuses, 502),
        ),
    )
