"""The socket of requests about people."""

from collections.abc import Sequence
from typing import Protocol

from shopwright.core.types.identity import StoreId
from shopwright.core.types.privacy import PrivacyRequest, SignedReceipt


class PrivacyRequests(Protocol):
    """What was asked about people's data, how far it is done, and the proof."""

    def ask(self, request: PrivacyRequest) -> bool:
        """Record a request durably; False, and no change, when its id is known already."""
        ...

    def open(self) -> Sequence[tuple[PrivacyRequest, bytes]]:
        """Return the requests that are not closed, oldest first, each with its progress."""
        ...

    def advance(self, request_id: str, progress: bytes) -> None:
        """Remember how far a request has come; ``progress`` is read by the erasure alone."""
        ...

    def close(self, request_id: str, receipt: SignedReceipt | None) -> None:
        """Keep the receipt, and drop what the request said of anybody."""
        ...

    def receipts(self, store_id: StoreId | None) -> Sequence[SignedReceipt]:
        """Return the receipts in the order in which they were given; None means every store."""
        ...
