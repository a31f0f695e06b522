"""Erased people whom an old copy of the data folder brought back are erased again."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol

import msgspec

from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.privacy import PrivacyRequest

RESTORED = "restored data"

Subjects = Sequence[tuple[StoreId, Pseudonym | None]]
"""None is the whole store."""


class Revived(Protocol):
    """Who came back although the erasure journal says that they were erased."""

    def revived(self) -> Subjects:
        """Return those for whom no new erasure was asked yet."""
        ...

    def taken(self, subjects: Subjects) -> None:
        """Drop them from the list: an erasure of them is on disk."""
        ...


class _Nobody:
    def revived(self) -> Subjects:
        """Return nobody."""
        return ()

    def taken(self, subjects: Subjects) -> None:
        """Do nothing."""


NOBODY_REVIVED = _Nobody()


def again(subjects: Subjects, now_us: int) -> Sequence[PrivacyRequest]:
    """Return the requests, one a store, that erase once more what came back."""
    by_store: dict[StoreId, list[Pseudonym | None]] = {}
    for store_id, subject in subjects:
        by_store.setdefault(store_id, []).append(subject)
    return [_request(store_id, of_store, now_us) for store_id, of_store in by_store.items()]


def _request(
    store_id: StoreId, subjects: Sequence[Pseudonym | None], now_us: int
) -> PrivacyRequest:
    people = tuple(sorted(who for who in subjects if who is not None))
    name = msgspec.msgpack.encode((RESTORED, store_id, people, now_us))
    return PrivacyRequest(
        request_id=blake2b(name, digest_size=16).hexdigest(),
        store_id=store_id,
        kind="erase_store" if None in subjects else "erase_customer",
        origin=RESTORED,
        asked_us=now_us,
        # A key does not say whether its subject was a customer or an order: each is looked for as
        # both, and found as what it is.
        customers=people,
        orders=people,
    )
