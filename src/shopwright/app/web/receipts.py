"""GET /v1/stores/{shop}/privacy/receipts: the proofs of what was erased, as they were signed."""

import asyncio

from shopwright.app.web.api_types import ReceiptsAnswer, SignedText
from shopwright.app.web.request import HttpError, Request
from shopwright.app.web.response import Response, answer
from shopwright.core.ports import PrivacyRequests
from shopwright.core.types.identity import store_id_of


class Receipts:
    """The handler of one route."""

    def __init__(self, requests: PrivacyRequests) -> None:
        self._requests = requests

    async def of_store(self, request: Request) -> Response:
        """Answer a store's receipts; those of a store that was itself erased are still there."""
        store_id = store_id_of(request.parameters["shop"])
        if store_id is None:
            raise HttpError(
                404, "the path names no store; a store is called my-store.myshopify.com"
            )
        found = await asyncio.to_thread(self._requests.receipts, store_id)
        return answer(
            ReceiptsAnswer(
                store_id=store_id,
                receipts=tuple(
                    SignedText(
                        receipt=one.body.decode(),
                        signature=one.signature.hex(),
                        public_key=one.public_key.hex(),
                    )
                    for one in found
                ),
            )
        )
