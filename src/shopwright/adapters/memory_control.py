"""The small ports in memory, for tests: stores, secrets, keys, decisions, outbox."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from shopwright.adapters.store_currency import check_currency_stays
from shopwright.core.errors import Erased, UnknownStore
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.store import Store
from shopwright.privacy.fingerprints import fingerprint as fingerprint_of
from shopwright.privacy.fingerprints import named
from shopwright.privacy.pseudonyms import KEY_BYTES


class MemoryStores:
    """The stores that were added."""

    def __init__(self) -> None:
        self._stores: dict[StoreId, Store] = {}

    def put(self, store: Store) -> None:
        """Add a store, or change its time zone. Raises BadInput for another currency."""
        known = self._stores.setdefault(store.store_id, store)
        check_currency_stays(store, known.currency)
        self._stores[store.store_id] = Store(
            store_id=store.store_id,
            currency=store.currency,
            timezone=store.timezone,
            added_us=known.added_us,
        )

    def get(self, store_id: StoreId) -> Store:
        """Return a store. Raises UnknownStore."""
        try:
            return self._stores[store_id]
        except KeyError:
            raise UnknownStore(store_id) from None

    def all(self) -> Sequence[Store]:
        """Return every store, by domain."""
        return tuple(store for _, store in sorted(self._stores.items()))

    def forget(self, store_id: StoreId) -> bool:
        """Remove a store from the list; say whether it was there."""
        return self._stores.pop(store_id, None) is not None


class MemorySecrets:
    """Webhook secrets, in the open."""

    def __init__(self) -> None:
        self._secrets: dict[StoreId, dict[str, bytes]] = {}

    def add(self, store_id: StoreId, secret: bytes) -> None:
        """Add a secret; adding it again changes nothing."""
        self._secrets.setdefault(store_id, {}).setdefault(fingerprint_of(secret), secret)

    def of(self, store_id: StoreId) -> Sequence[bytes]:
        """Return the store's secrets, newest first."""
        return tuple(reversed(self._secrets.get(store_id, {}).values()))

    def remove(self, store_id: StoreId, fingerprint: str) -> bool:
        """Remove the secret whose SHA-256 begins so; raises BadInput for too few digits."""
        secrets = self._secrets.get(store_id, {})
        whole = named(secrets, fingerprint)
        return whole is not None and secrets.pop(whole, None) is not None

    def forget(self, store_id: StoreId) -> int:
        """Remove every secret of a store; say how many there were."""
        return len(self._secrets.pop(store_id, {}))


class MemoryKeys:
    """Keys, in the open; ``entropy`` gives that many unpredictable bytes."""

    def __init__(self, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._entropy = entropy
        self._store_keys: dict[StoreId, bytes | None] = {}
        self._subjects: dict[tuple[StoreId, Pseudonym], tuple[bytes, str]] = {}
        self._tombstones: set[tuple[StoreId, Pseudonym]] = set()

    def store_key(self, store_id: StoreId) -> bytes:
        """Return the store's key, made on first use. Raises Erased when it was destroyed."""
        if store_id not in self._store_keys:
            self._store_keys[store_id] = self._entropy(KEY_BYTES)
        key = self._store_keys[store_id]
        if key is None:
            raise Erased(f"{store_id}: the key of this store was destroyed; it cannot come back")
        return key

    def seal_keys(
        self, store_id: StoreId, subjects: Mapping[Pseudonym, tuple[str, str]]
    ) -> Mapping[Pseudonym, bytes]:
        """Return the key of each subject, made when missing; erased ones are left out."""
        if self._store_keys.get(store_id, b"") is None:
            return {}
        for who, (_, original_id) in subjects.items():
            at = (store_id, who)
            if at not in self._subjects and at not in self._tombstones:
                self._subjects[at] = (self._entropy(KEY_BYTES), original_id)
        return self.open_keys(store_id, tuple(subjects))

    def open_keys(
        self, store_id: StoreId, subjects: Sequence[Pseudonym]
    ) -> Mapping[Pseudonym, bytes]:
        """Return the keys that still exist."""
        there = [who for who in subjects if (store_id, who) in self._subjects]
        return {who: self._subjects[store_id, who][0] for who in there}

    def reveal(self, store_id: StoreId, subjects: Sequence[Pseudonym]) -> Mapping[Pseudonym, str]:
        """Return the original ids of the subjects whose keys still exist."""
        there = [who for who in subjects if (store_id, who) in self._subjects]
        return {who: self._subjects[store_id, who][1] for who in there}

    def forget(self, store_id: StoreId, subject: Pseudonym | None) -> bool:
        """Destroy a subject's key and leave a tombstone, or destroy the store's and all in it."""
        if subject is None:
            return self._forget_store(store_id)
        if self._store_keys.get(store_id, b"") is None:
            return False
        self._tombstones.add((store_id, subject))
        return self._subjects.pop((store_id, subject), None) is not None

    def renew_store(self, store_id: StoreId) -> bool:
        """Give a store that was erased a fresh key; False for one that was not."""
        if self._store_keys.get(store_id, b"") is not None:
            return False
        self._store_keys[store_id] = self._entropy(KEY_BYTES)
        self._tombstones = {at for at in self._tombstones if at[0] != store_id}
        return True

    def erased(self, store_id: StoreId, subjects: Iterable[Pseudonym]) -> set[Pseudonym]:
        """Return those of the subjects who were erased: all of them, if their store was."""
        if self._store_keys.get(store_id, b"") is None:
            return set(subjects)
        return {who for who in subjects if (store_id, who) in self._tombstones}

    def _forget_store(self, store_id: StoreId) -> bool:
        self._subjects = {at: kept for at, kept in self._subjects.items() if at[0] != store_id}
        had = self._store_keys.get(store_id) is not None
        self._store_keys[store_id] = None
        return had


class MemoryDecisions:
    """The decision log."""

    def __init__(self) -> None:
        self._decisions: list[Decision] = []

    def record(self, decision: Decision) -> int:
        """Append a decision; return its number (1, 2, …)."""
        self._decisions.append(decision)
        return len(self._decisions)

    def of(self, store_id: StoreId | None, task: str | None) -> Sequence[Decision]:
        """Return decisions in the order in which they were taken; None means all."""
        return tuple(
            decision
            for decision in self._decisions
            if store_id in (None, decision.store_id) and task in (None, decision.task)
        )


class MemoryOutbox:
    """Work for an outside system, kept until it is acknowledged."""

    def __init__(self) -> None:
        self._added = 0
        self._items: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._handed_out: dict[tuple[str, str], int] = {}

    def add(self, kind: str, key: str, body: bytes) -> None:
        """Queue an item; the same kind and key again replaces its body and goes to the end."""
        self._added += 1
        self._items.pop((kind, key), None)
        self._items[kind, key] = (self._added, body)

    def pending(self, kind: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return waiting (key, body) pairs, oldest first."""
        found = [(at, item) for at, item in self._items.items() if at[0] == kind][:limit]
        self._handed_out |= {at: number for at, (number, _) in found}
        return tuple((key, body) for (_, key), (_, body) in found)

    def done(self, kind: str, key: str) -> None:
        """Acknowledge the item as it was handed out; a newer body stays."""
        number = self._handed_out.pop((kind, key), self._added)
        if (kind, key) in self._items and self._items[kind, key][0] <= number:
            del self._items[kind, key]
