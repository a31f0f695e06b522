"""A small simulated shop whose Admin API is asked directly, as an app with every scope would."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from shopwright.core.clock import US_PER_SECOND
from shopwright.simulator.admin.access import App
from shopwright.simulator.admin.api import AdminApi
from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.admin.scopes import EVERY_SCOPE
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import HARBOUR_GIFTS, open_store
from shopwright.simulator.webhook import SimulatedWebhook

END_US = 1_790_000_000 * US_PER_SECOND
FILES_AT = "https://files.example.com"

SET = """mutation Set($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { id namespace key value type compareDigest updatedAt createdAt ownerType }
    userErrors { field message code elementIndex }
  }
}"""

DELETE = """mutation Delete($metafields: [MetafieldIdentifierInput!]!) {
  metafieldsDelete(metafields: $metafields) {
    deletedMetafields { ownerId namespace key } userErrors { field message }
  }
}"""

READ = """query Read($id: ID!, $namespace: String, $key: String!) {
  product(id: $id) {
    id updatedAt
    metafield(namespace: $namespace, key: $key) { id value type compareDigest updatedAt }
    metafields(first: 250, namespace: $namespace) { nodes { key value } }
  }
}"""

DEFINE = """mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) {
    createdDefinition { id namespace key access { admin storefront } type { name } }
    userErrors { field message code }
  }
}"""

ENABLE = """mutation Enable($key: String!, $access: StandardMetafieldDefinitionAccessInput) {
  standardMetafieldDefinitionEnable(
    ownerType: PRODUCT, namespace: "shopify--discovery--product_recommendation", key: $key
    access: $access
  ) { createdDefinition { id key type { name } } userErrors { field message code } }
}"""

STAGE = """mutation Stage($input: [StagedUploadInput!]!) {
  stagedUploadsCreate(input: $input) {
    stagedTargets { url resourceUrl parameters { name value } } userErrors { field message }
  }
}"""

RUN = """mutation Run($mutation: String!, $path: String!, $client: String) {
  bulkOperationRunMutation(
    mutation: $mutation, stagedUploadPath: $path, clientIdentifier: $client
  ) { bulkOperation { id type status } userErrors { field message code } }
}"""

OPERATION = """query Operation($id: ID!) {
  bulkOperation(id: $id) {
    id type status errorCode objectCount rootObjectCount fileSize url partialDataUrl query
  }
}"""

DOCUMENTS = {
    "Set": SET,
    "Delete": DELETE,
    "Read": READ,
    "Define": DEFINE,
    "Enable": ENABLE,
    "Stage": STAGE,
    "Run": RUN,
    "Operation": OPERATION,
}
JSONL = {
    "resource": "BULK_MUTATION_VARIABLES",
    "filename": "lines.jsonl",
    "mimeType": "text/jsonl",
    "httpMethod": "POST",
}


@lru_cache
def told() -> Sequence[SimulatedWebhook]:
    """Return everything that the shop's history told."""
    scale = Scale(customers=20, days=30, fulfilment_told_share=0)
    return tuple(open_store(HARBOUR_GIFTS, END_US, 5, scale).webhooks())


class AskedShop:
    """One shop; time stands still until ``now_us`` is changed."""

    def __init__(self, scopes: frozenset[str] = EVERY_SCOPE) -> None:
        rng = np.random.default_rng(3)
        self.holdings = Holdings()
        self.holdings.tell_all(told())
        self.app = App("client", "hush", scopes, lambda: rng.bytes(8).hex())
        self.now_us = END_US + 3_600 * US_PER_SECOND
        self.api = AdminApi(
            HARBOUR_GIFTS, self.holdings, self.app, self.now_us, rng, files_at=FILES_AT
        )
        self._token = self.app.static_token()
        self.products = [one["id"] for one in self.holdings.products()]
        self.customers = [one["id"] for one in self.holdings.customers()]

    def answer(self, document: str, **variables: Any) -> dict[str, Any]:
        """Ask; return the whole answer. The bucket is full each time."""
        self.api.state.bucket.give_back(self.api.state.bucket.maximum)
        body = msgspec.json.encode({"query": document, "variables": variables})
        answer = self.api.ask("2026-10", self._token, body, self.now_us)
        assert answer.status == 200
        found: dict[str, Any] = msgspec.json.decode(answer.body)
        return found

    def ask(self, document: str, **variables: Any) -> Any:
        """Ask; return what the only root field gave."""
        answer = self.answer(document, **variables)
        assert "errors" not in answer, answer["errors"]
        (found,) = answer["data"].values()
        return found

    def set(self, *metafields: dict[str, Any]) -> Any:
        """Write metafields; return the payload."""
        return self.ask(SET, metafields=list(metafields))

    def read(self, owner: str, key: str, namespace: str | None = None) -> Any:
        """Return a metafield of a product."""
        return self.ask(READ, id=owner, key=key, namespace=namespace)["metafield"]

    def upload(self, file: bytes) -> str:
        """Stage and send a file; return its path."""
        (target,) = self.ask(STAGE, input=[JSONL])["stagedTargets"]
        form = [(one["name"], one["value"]) for one in target["parameters"]]
        assert self.api.state.uploads.receive(form, file, self.now_us) == 201
        return dict(form)["key"]

    def run(self, mutation: str, path: str, client: str | None = None) -> Any:
        """Start a bulk mutation; return the payload."""
        return self.ask(RUN, mutation=mutation, path=path, client=client)

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now_us += round(seconds * US_PER_SECOND)

    def result(self, operation: str) -> list[dict[str, Any]]:
        """Return the lines that an operation left, whether it ended well or not."""
        node = self.ask(OPERATION, id=operation)
        url = node["url"] or node["partialDataUrl"]
        pieces = self.api.state.files.read(url, 0, self.api.state.faults, self.now_us)
        return [msgspec.json.decode(line) for line in b"".join(pieces).splitlines()]


def wanted(owner: str, value: str, key: str = "score", **more: Any) -> dict[str, Any]:
    """Return one input of ``metafieldsSet``, of type json in the app's own namespace."""
    return {"ownerId": owner, "key": key, "type": "json", "value": value, **more}
