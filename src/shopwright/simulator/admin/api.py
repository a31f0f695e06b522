"""The Admin API of one simulated shop, over HTTP in form but without a network.

What it does not imitate is listed in ``docs/simulated-shopify.md``.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import numpy as np
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    execute_sync,
    parse,
    validate,
)
from msgspec.structs import replace

from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.types.http import HttpAnswer
from shopwright.simulator.admin.access import App, Token
from shopwright.simulator.admin.asked import Asked
from shopwright.simulator.admin.caused import Caused
from shopwright.simulator.admin.cost import (
    QUERY_COST_MAX,
    Bucket,
    Cost,
    actual_cost,
    requested_cost,
)
from shopwright.simulator.admin.definitions import Definitions
from shopwright.simulator.admin.faults import AdminFaults
from shopwright.simulator.admin.files import BulkFiles
from shopwright.simulator.admin.graphql_answers import resolve
from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.admin.metafield_nodes import hung_metafields
from shopwright.simulator.admin.metafields import Metafields
from shopwright.simulator.admin.owners import Namespaces
from shopwright.simulator.admin.root import root_of
from shopwright.simulator.admin.schema import SUPPORTED_VERSIONS, schema
from shopwright.simulator.admin.state import ShopState
from shopwright.simulator.admin.subscriptions import Subscriptions
from shopwright.simulator.admin.uploads import Uploads
from shopwright.simulator.profile import StoreProfile
from shopwright.simulator.webhook import SimulatedWebhook

BUCKET_POINTS = 2_000.0
RESTORE_POINTS = 100.0
_NO_ANSWER = HttpAnswer(status=0, why="the connection was closed before an answer came")
_JSON = {"content-type": "application/json"}
_encode = msgspec.json.Encoder().encode


class AdminApi:
    """One shop's Admin API and token endpoint, for one app."""

    def __init__(
        self,
        profile: StoreProfile,
        holdings: Holdings,
        app: App,
        now_us: int,
        rng: np.random.Generator,
        *,
        files_at: str = "",
        plus: bool = False,
    ) -> None:
        """``files_at`` is the address under which the files of bulk operations are found."""
        factor = 10 if plus else 1
        self.state = ShopState(
            profile=profile,
            holdings=holdings,
            subscriptions=Subscriptions(),
            bucket=Bucket(BUCKET_POINTS * factor, RESTORE_POINTS * factor, now_us),
            files=BulkFiles(files_at, rng),
            uploads=Uploads(files_at, lambda: rng.bytes(16).hex()),
            metafields=Metafields(),
            definitions=Definitions(),
            caused=Caused(profile.domain),
            faults=AdminFaults(),
        )
        self.app = app
        self.asked = 0
        """Requests to the GraphQL endpoint, for whoever counts them."""
        self._documents: dict[str, DocumentNode | str] = {}
        self._names = Namespaces(app.number)
        self._hung = hung_metafields(self.state.metafields, self.state.definitions, self._names)

    def caused(self, now_us: int) -> list[SimulatedWebhook]:
        """Let what runs go on to this instant; return what the API's changes make the shop tell.

        What was returned once is not returned again.
        """
        self.state.files.go_on(now_us)
        return self.state.caused.take()

    def grant(self, form: Mapping[str, str], now_us: int) -> HttpAnswer:
        """Answer the token endpoint."""
        trouble = self._trouble(now_us)
        if trouble is not None:
            return trouble
        status, body = self.app.grant(form, now_us)
        if self.state.faults.lost_grants > 0:
            self.state.faults.lost_grants -= 1
            return _NO_ANSWER
        return HttpAnswer(status=status, headers=_JSON, body=_encode(body))

    def grant_form(self, body: bytes, now_us: int) -> HttpAnswer:
        """Answer the token endpoint for a form or JSON as it is sent."""
        try:
            form = msgspec.json.decode(body, type=dict[str, str])
        except NOT_DECODABLE:
            form = dict(parse_qsl(body.decode("utf-8", "replace")))
        return self.grant(form, now_us)

    def ask(self, version: str, token: str, body: bytes, now_us: int) -> HttpAnswer:
        """Answer one GraphQL request."""
        self.asked += 1
        trouble = self._trouble(now_us)
        if trouble is not None:
            return trouble
        known = self.app.token(token, now_us)
        if known is None:
            return _answer(
                401,
                {
                    "errors": "[API] Invalid API key or access token (unrecognized login or wrong "
                    "password)"
                },
            )
        self.state.files.go_on(now_us)
        served = version if version in SUPPORTED_VERSIONS else SUPPORTED_VERSIONS[0]
        if not version.startswith("20"):
            return _answer(404, {"errors": "Not Found"})
        answered = self._execute(known, body, now_us, served)
        if self.state.faults.no_answer > 0:
            self.state.faults.no_answer -= 1
            return _NO_ANSWER
        return _answer(200, answered, {"x-shopify-api-version": served})

    def _trouble(self, now_us: int) -> HttpAnswer | None:
        faults = self.state.faults
        for is_on, status, says in (
            (now_us < faults.down_until_us, 503, "Service Unavailable"),
            (faults.frozen, 402, "Unavailable Shop"),
            (faults.locked, 423, "Unavailable Shop"),
            (faults.blocked, 430, "Rejected"),
        ):
            if is_on:
                return _answer(status, {"errors": says})
        return None

    def _execute(self, token: Token, body: bytes, now_us: int, served: str) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(body, type=dict[str, Any])
            document = self._document(str(request["query"]))
        except (*NOT_DECODABLE, KeyError):
            return {"errors": [{"message": "the body is no GraphQL request"}]}
        if isinstance(document, str):
            return {"errors": [{"message": document}]}
        variables = request.get("variables") or {}
        cost = requested_cost(schema(), document, variables)
        if cost > QUERY_COST_MAX:
            said = (
                f"Query cost is {cost:.0f}, which exceeds the single query max cost limit (1000)."
            )
            return {"errors": [{"message": said, "extensions": {"code": "MAX_COST_EXCEEDED"}}]}
        paid = now_us >= self.state.faults.throttled_until_us and self.state.bucket.take(
            cost, now_us
        )
        if not paid:
            told = Cost(cost, None, self.state.bucket).told(now_us)
            if now_us < self.state.faults.throttled_until_us:
                told["throttleStatus"]["currentlyAvailable"] = 0
            return {
                "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
                "extensions": {"cost": told},
            }
        result = self._run(document, variables, Asked(token=token, now_us=now_us, version=served))
        spent = min(cost, max(actual_cost(result.data), 1.0))
        self.state.bucket.give_back(cost - spent)
        return _answered(result) | {
            "extensions": {"cost": Cost(cost, spent, self.state.bucket).told(now_us)}
        }

    def _document(self, text: str) -> DocumentNode | str:
        """Return the document, or what is wrong with it; each text is looked at once."""
        if text not in self._documents:
            try:
                document = parse(text)
                problems = validate(schema(), document)
                self._documents[text] = problems[0].message if problems else document
            except GraphQLError as error:
                self._documents[text] = error.message
            while len(self._documents) > 1_000:
                self._documents.pop(next(iter(self._documents)))
        return self._documents[text]

    def _run(
        self, document: DocumentNode, variables: dict[str, Any], asked: Asked
    ) -> ExecutionResult:
        def line(mutation: DocumentNode, given: dict[str, Any], now_us: int) -> dict[str, Any]:
            return _answered(self._run(mutation, given, replace(asked, now_us=now_us)))

        return execute_sync(
            schema(),
            document,
            root_value=root_of(self.state, asked, self._names, line, self._hung),
            context_value=self._hung,
            variable_values=variables,
            field_resolver=resolve,
        )


def _answered(result: ExecutionResult) -> dict[str, Any]:
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [_told(error) for error in result.errors]
    return answer


def _told(error: GraphQLError) -> dict[str, Any]:
    code = getattr(error.original_error, "code", None)
    told: dict[str, Any] = {"message": error.message}
    if error.path:
        told["path"] = error.path
    return told | ({"extensions": {"code": code}} if code else {})


def _answer(
    status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> HttpAnswer:
    return HttpAnswer(status=status, headers={**_JSON, **(headers or {})}, body=_encode(body))
