"""The mutations of the simulated Admin API."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from shopwright.core.errors import BadInput
from shopwright.simulator.admin.asked import Asked
from shopwright.simulator.admin.bulk import BulkQuery
from shopwright.simulator.admin.bulk_mutation import (
    BulkMutation,
    Run,
    Unfit,
    check_identifier,
    checked,
)
from shopwright.simulator.admin.files import TooMany
from shopwright.simulator.admin.nodes import Hung, Node
from shopwright.simulator.admin.schema import schema
from shopwright.simulator.admin.state import ShopState
from shopwright.simulator.admin.subscriptions import changed

INPUTS_MAX = 250
Found = Callable[[str, Mapping[str, Any]], Iterable[Node]]
"""Gives everything that a connection gives, whatever the page."""


class Changes:
    """What one request may change of operations, uploads and subscriptions."""

    def __init__(self, shop: ShopState, asked: Asked, found: Found, run: Run, hung: Hung) -> None:
        self._shop = shop
        self._asked = asked
        self._found = found
        self._run = run
        self._hung = hung

    def fields(self) -> dict[str, Callable[..., Any]]:
        """Return the resolvers."""
        return {
            "bulkOperationRunQuery": lambda _info, query, **_more: self._run_bulk(query),
            "bulkOperationRunMutation": self._run_mutation,
            "bulkOperationCancel": lambda _info, id: self._cancel(id),  # noqa: A006
            "stagedUploadsCreate": lambda _info, input: self._stage(input),  # noqa: A006
            "webhookSubscriptionCreate": self._create,
            "webhookSubscriptionUpdate": self._update,
            "webhookSubscriptionDelete": lambda _info, id: self._delete(id),  # noqa: A006
        }

    def _run_bulk(self, text: str) -> Node:
        def nodes(query: BulkQuery) -> Iterable[Node]:
            return self._found(query.connection, query.arguments)

        try:
            operation = self._shop.files.start(
                schema(), text, nodes, self._shop.faults, self._asked.now_us, self._hung
            )
        except BadInput as error:
            code = "OPERATION_IN_PROGRESS" if isinstance(error, TooMany) else "INVALID"
            return {
                "bulkOperation": None,
                "userErrors": [{"field": ["query"], "message": str(error), "code": code}],
            }
        return {"bulkOperation": self._shop.files.node(operation), "userErrors": []}

    def _run_mutation(
        self,
        _info: Any,
        mutation: str,
        stagedUploadPath: str,  # noqa: N803
        clientIdentifier: str | None = None,  # noqa: N803
    ) -> Node:
        now_us = self._asked.now_us
        try:
            check_identifier(clientIdentifier)
            document = checked(schema(), mutation)
            self._shop.files.room("MUTATION", now_us)
            # Last of all: whatever was refused before may be asked again with the same file.
            file = self._shop.uploads.take(stagedUploadPath, now_us)
            made = BulkMutation(document, file, self._run)
        except Unfit as unfit:
            field = [unfit.field] if unfit.field else None
            problem = {"field": field, "message": str(unfit), "code": unfit.code}
            return {"bulkOperation": None, "userErrors": [problem]}
        except TooMany as error:
            problem = {"field": None, "message": str(error), "code": "OPERATION_IN_PROGRESS"}
            return {"bulkOperation": None, "userErrors": [problem]}
        operation = self._shop.files.start_mutation(mutation, made, self._shop.faults, now_us)
        return {"bulkOperation": self._shop.files.node(operation), "userErrors": []}

    def _cancel(self, text: str) -> Node:
        number = int(text.rpartition("/")[2])
        found = self._shop.files.cancel(number, self._asked.now_us)
        return {
            "bulkOperation": self._shop.files.node(found) if found else None,
            "userErrors": []
            if found
            else [{"field": ["id"], "message": "Bulk operation does not exist"}],
        }

    def _stage(self, asked: Sequence[Mapping[str, Any]]) -> Node:
        few(asked)
        return self._shop.uploads.create(asked, self._asked.now_us)

    def _create(self, _info: Any, topic: str, webhookSubscription: dict[str, Any]) -> Node:  # noqa: N803
        made = self._shop.subscriptions.create(
            topic,
            webhookSubscription,
            version=self._asked.version,
            now_us=self._asked.now_us,
        )
        return changed(made)

    def _update(self, _info: Any, id: str, webhookSubscription: dict[str, Any]) -> Node:  # noqa: A002, N803
        number = int(id.rpartition("/")[2])
        return changed(
            self._shop.subscriptions.update(number, webhookSubscription, now_us=self._asked.now_us)
        )

    def _delete(self, text: str) -> Node:
        gone = self._shop.subscriptions.delete(int(text.rpartition("/")[2]))
        problem = [{"field": ["id"], "message": "Webhook subscription does not exist"}]
        return {
            "deletedWebhookSubscriptionId": text if gone else None,
            "userErrors": [] if gone else problem,
        }


class TooManyInputs(BadInput):
    """An array of inputs is longer than Shopify takes."""

    code = "MAX_INPUT_SIZE_EXCEEDED"


def few(asked: Sequence[Any]) -> None:
    """Raise TooManyInputs for an array that is too long."""
    if len(asked) > INPUTS_MAX:
        raise TooManyInputs(
            f"The input array size of {len(asked)} is greater than the maximum allowed of "
            f"{INPUTS_MAX}."
        )
