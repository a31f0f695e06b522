"""Privacy requests and the signing key in memory, for tests."""

import os
from collections.abc import Callable, Sequence

from shopwright.core.types.identity import StoreId
from shopwright.core.types.privacy import PrivacyRequest, SignedReceipt


class MemoryPrivacyRequests:
    """What was asked about people's data, as long as the object lasts."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[PrivacyRequest, bytes]] = {}
        self._known: set[str] = set()
        self._receipts: list[tuple[StoreId, SignedReceipt]] = []

    def ask(self, request: PrivacyRequest) -> bool:
        """Record a request; False, and no change, when its id is known already."""
        if request.request_id in self._known:
            return False
        self._known.add(request.request_id)
        self._open[request.request_id] = (request, b"")
        return True

    def open(self) -> Sequence[tuple[PrivacyRequest, bytes]]:
        """Return the requests that are not closed, oldest first, each with its progress."""
        return tuple(self._open.values())

    def advance(self, request_id: str, progress: bytes) -> None:
        """Remember how far an open request has come."""
        if request_id in self._open:
            self._open[request_id] = (self._open[request_id][0], progress)

    def close(self, request_id: str, receipt: SignedReceipt | None) -> None:
        """Keep the receipt and drop the rest; closing again changes nothing."""
        closed = self._open.pop(request_id, None)
        if closed is not None and receipt is not None:
            self._receipts.append((closed[0].store_id, receipt))

    def receipts(self, store_id: StoreId | None) -> Sequence[SignedReceipt]:
        """Return the receipts in the order in which they were given; None means every store."""
        return tuple(one for whose, one in self._receipts if store_id in (None, whose))


class MemorySigningKey:
    """The key that signs receipts, in the open."""

    def __init__(self, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._key = entropy(32)

    def private(self) -> bytes:
        """Return the 32 bytes of the Ed25519 key."""
        return self._key
