"""KeyStore on SQLite: wrapped keys, sealed original ids, and tombstones, in ``keys.db``.

Several processes write it, each in short transactions. An erasure in one is noticed by the others
at their next batch: a counter in the file tells them to drop the keys that they hold in memory.
"""

import hmac
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import RLock

from shopwright.adapters.key_cache import KeyCache
from shopwright.adapters.keys_schema import COUNT_ERASURE, ERASURES, open_keys_file
from shopwright.adapters.wrapping import Wrapping
from shopwright.core.errors import Erased
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.privacy.pseudonyms import KEY_BYTES, derive

CACHED_KEYS_MAX = 100_000
"""About 25 MB of opened keys."""

Subjects = Mapping[Pseudonym, tuple[str, str]]
Keys = Mapping[Pseudonym, bytes]

_STORED = "SELECT wrapped FROM subject_keys WHERE store_id = ? AND subject = ?"
_STORE_LIVES = "SELECT 1 FROM store_keys WHERE store_id = ? AND wrapped IS NOT NULL"
_ORIGINAL = "SELECT original FROM subject_keys WHERE store_id = ? AND subject = ?"


class SqliteKeys:
    """The keys in a file, opened with the master key.

    ``key_from`` says where the master key came from, for the message. ``entropy`` gives that many
    unpredictable bytes. Raises Damaged when this master key does not open this key file.
    """

    def __init__(
        self,
        path: Path,
        master_key: bytes,
        *,
        key_from: str = "the master key file",
        entropy: Callable[[int], bytes] = os.urandom,
        cached_keys_max: int = CACHED_KEYS_MAX,
    ) -> None:
        self._wrapping = Wrapping(path, master_key, key_from=key_from, entropy=entropy)
        self._turn = RLock()
        self._cache = KeyCache(cached_keys_max)
        self._store_keys: dict[StoreId, bytes] = {}
        self._file = open_keys_file(path)
        try:
            self._wrapping.prove(self._file)
            self._seen = (self._file.version(), self._erasures())
        except BaseException:
            self._file.close()
            raise

    def store_key(self, store_id: StoreId) -> bytes:
        """Return the store's key, made on first use. Raises Erased when it was destroyed.

        A key that is in memory is returned without touching the file, so a request never waits.
        """
        found = self._store_keys.get(store_id)
        if found is not None:
            return found
        with self._turn:
            wrapped = self._wrapped_store_key(store_id)
            if wrapped is None:
                raise _store_erased(store_id)
            key = self._wrapping.unwrap(wrapped, store_id, "store")
            self._store_keys[store_id] = key
            return key

    def seal_keys(self, store_id: StoreId, subjects: Subjects) -> Keys:
        """Return the key of each subject; missing ones are made, in one durable transaction.

        Erased subjects are left out, and so is everybody of a store whose key was destroyed.
        """
        with self._turn:
            keys = self._known_keys(store_id, subjects)
            missing = {who: said for who, said in subjects.items() if who not in keys}
            if missing:
                try:
                    keys |= self._make(store_id, missing)
                except Erased:
                    return {}
        return {who: keys[who] for who in subjects if who in keys}

    def open_keys(self, store_id: StoreId, subjects: Sequence[Pseudonym]) -> Keys:
        """Return the keys that still exist."""
        with self._turn:
            return self._known_keys(store_id, subjects)

    def reveal(self, store_id: StoreId, subjects: Sequence[Pseudonym]) -> Mapping[Pseudonym, str]:
        """Return the original ids of the subjects whose keys still exist."""
        found = self._file.rows_of_each(_ORIGINAL, ((store_id, who) for who in subjects))
        return {
            who: self._wrapping.unwrap(rows[0][0], store_id, "original", who).decode()
            for who, rows in zip(subjects, found, strict=True)
            if rows
        }

    def forget(self, store_id: StoreId, subject: Pseudonym) -> bool:
        """Destroy a subject's key and leave a tombstone; say whether there was a key.

        The key's bytes are overwritten in the file and leave its write-ahead log. Raises Busy when
        another process keeps that from happening; calling again finishes the work.
        """
        try:
            tombstone = _tombstones(self.store_key(store_id), [subject])[subject]
        except Erased:
            return False
        with self._turn, self._file.transaction() as connection:
            deleted = connection.execute(
                "DELETE FROM subject_keys WHERE store_id = ? AND subject = ?", (store_id, subject)
            )
            connection.execute("INSERT OR IGNORE INTO tombstones VALUES (?)", (tombstone,))
            connection.execute(COUNT_ERASURE)
            self._cache.clear()
        self._file.erase_traces()
        return deleted.rowcount > 0

    def forget_store(self, store_id: StoreId) -> bool:
        """Destroy a store's key and the keys of all its people; say whether there was one.

        What was sealed stays unreadable and every pseudonym of the store meaningless, for ever.
        """
        with self._turn, self._file.transaction() as connection:
            had = connection.execute(_STORE_LIVES, (store_id,)).fetchone()
            connection.execute("DELETE FROM subject_keys WHERE store_id = ?", (store_id,))
            connection.execute(
                "INSERT OR REPLACE INTO store_keys (store_id, wrapped) VALUES (?, NULL)",
                (store_id,),
            )
            connection.execute(COUNT_ERASURE)
            self._cache.clear()
            self._store_keys.clear()
        self._file.erase_traces()
        return had is not None

    def close(self) -> None:
        """Close the file and drop the keys in memory."""
        self._cache.clear()
        self._store_keys.clear()
        self._file.close()

    def _known_keys(
        self, store_id: StoreId, subjects: Iterable[Pseudonym]
    ) -> dict[Pseudonym, bytes]:
        self._notice_erasures()
        keys: dict[Pseudonym, bytes] = {}
        unknown: list[Pseudonym] = []
        for who in subjects:
            cached = self._cache.get(store_id, who)
            if cached is None:
                unknown.append(who)
            else:
                keys[who] = cached
        if unknown:
            found = self._file.rows_of_each(_STORED, ((store_id, who) for who in unknown))
            stored = zip(unknown, found, strict=True)
            keys |= self._opened(store_id, {who: rows[0][0] for who, rows in stored if rows})
        return keys

    def _notice_erasures(self) -> None:
        """Drop every key in memory once another process has destroyed one."""
        version = self._file.version()
        if version == self._seen[0]:
            return
        erasures = self._erasures()
        if erasures != self._seen[1]:
            self._cache.clear()
            self._store_keys.clear()
        self._seen = (version, erasures)

    def _erasures(self) -> int:
        return self._file.number(ERASURES) or 0

    def _make(self, store_id: StoreId, subjects: Subjects) -> dict[Pseudonym, bytes]:
        tombstones = _tombstones(self.store_key(store_id), subjects)
        wrap, entropy = self._wrapping.wrap, self._wrapping.entropy
        with self._file.transaction() as connection:
            if connection.execute(_STORE_LIVES, (store_id,)).fetchone() is None:
                raise _store_erased(store_id)
            alive = {
                who: said
                for who, said in subjects.items()
                if not _is_erased(connection, tombstones[who])
            }
            connection.executemany(
                "INSERT INTO subject_keys (store_id, subject, kind, wrapped, original) "
                "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [
                    (
                        store_id,
                        who,
                        kind,
                        wrap(entropy(KEY_BYTES), store_id, "subject", who),
                        wrap(original_id.encode(), store_id, "original", who),
                    )
                    for who, (kind, original_id) in alive.items()
                ],
            )
            # Read back, because another process may have made one of them in the meantime.
            stored = {
                who: connection.execute(_STORED, (store_id, who)).fetchone()[0] for who in alive
            }
        return self._opened(store_id, stored)

    def _opened(
        self, store_id: StoreId, stored: Mapping[Pseudonym, bytes]
    ) -> dict[Pseudonym, bytes]:
        keys = {
            who: self._wrapping.unwrap(wrapped, store_id, "subject", who)
            for who, wrapped in stored.items()
        }
        for who, key in keys.items():
            self._cache.put(store_id, who, key)
        return keys

    def _wrapped_store_key(self, store_id: StoreId) -> bytes | None:
        query = "SELECT wrapped FROM store_keys WHERE store_id = ?"
        rows = self._file.rows(query, (store_id,))
        if not rows:
            new = self._wrapping.wrap(self._wrapping.entropy(KEY_BYTES), store_id, "store")
            with self._file.transaction() as connection:
                connection.execute(
                    "INSERT INTO store_keys VALUES (?, ?) ON CONFLICT DO NOTHING", (store_id, new)
                )
            rows = self._file.rows(query, (store_id,))
        wrapped: bytes | None = rows[0][0]
        return wrapped


def _tombstones(store_key: bytes, subjects: Iterable[Pseudonym]) -> dict[Pseudonym, bytes]:
    """Return what is left of erased subjects: a keyed hash, which names nobody by itself."""
    key = derive(store_key, "tombstone")
    return {who: hmac.digest(key, who, "sha256") for who in subjects}


def _is_erased(connection: sqlite3.Connection, tombstone: bytes) -> bool:
    query = "SELECT 1 FROM tombstones WHERE tombstone = ?"
    return connection.execute(query, (tombstone,)).fetchone() is not None


def _store_erased(store_id: StoreId) -> Erased:
    return Erased(f"{store_id}: the key of this store was destroyed; it cannot come back")
