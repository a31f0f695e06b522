"""KeyStore on SQLite: wrapped keys, sealed original ids, and tombstones, in ``keys.db``.

Several processes write it, each in short transactions. An erasure in one is noticed by the others
at their next batch: a counter in the file tells them to drop the keys that they hold in memory.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import RLock

from shopwright.adapters.erasure_journal import ErasureJournal
from shopwright.adapters.key_cache import KeyCache
from shopwright.adapters.key_destruction import KeyDestruction, is_erased
from shopwright.adapters.keys_schema import COUNT_ERASURE, ERASURES, open_keys_file
from shopwright.adapters.wrapping import Wrapping
from shopwright.core.errors import Erased
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.privacy.pseudonyms import KEY_BYTES
from shopwright.privacy.tombstones import tombstones

CACHED_KEYS_MAX = 100_000
"""About 25 MB of opened keys."""

Subjects = Mapping[Pseudonym, tuple[str, str]]
Keys = Mapping[Pseudonym, bytes]

_STORED = "SELECT wrapped FROM subject_keys WHERE store_id = ? AND subject = ?"
_STORE_KEY = "SELECT wrapped FROM store_keys WHERE store_id = ?"
_ORIGINAL = "SELECT original FROM subject_keys WHERE store_id = ? AND subject = ?"


class SqliteKeys:
    """The keys in a file, opened with the master key.

    ``key_from`` says where the master key came from, for the message. ``entropy`` gives that many
    unpredictable bytes. Opening it destroys again what the ``journal`` says was destroyed, and what
    an older copy of the file brought back; ``revived`` names it. Raises Damaged when this master
    key does not open this key file, or for a damaged journal.
    """

    def __init__(
        self,
        path: Path,
        master_key: bytes,
        *,
        key_from: str = "the master key file",
        journal: ErasureJournal | None = None,
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
            self._destruction = KeyDestruction(self._file, self._key_in, journal)
            self._destruction.make_up()
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

    def forget(self, store_id: StoreId, subject: Pseudonym | None) -> bool:
        """Destroy a subject's key and leave a tombstone; say whether there was a key.

        None destroys the store's key and those of all its people: what was sealed stays unreadable
        and every pseudonym of the store meaningless, for ever. The journal is on disk first; then
        the key's bytes are overwritten in the file and leave its write-ahead log. Raises Busy when
        another process keeps that from happening; calling again finishes the work.
        """
        with self._turn:
            self._notice_erasures()
            if subject is not None and not self._has_key(store_id):
                return False
            with self._file.transaction() as connection:
                if subject is None:
                    had = self._destruction.store(connection, store_id)
                else:
                    had = self._destruction.subject(connection, store_id, subject)
            self._drop_keys()
        self._file.erase_traces()
        return had

    def renew_store(self, store_id: StoreId) -> bool:
        """Give a store that was erased a fresh key, because its merchant came back.

        What was sealed under the old one stays unreadable. Returns False, and changes nothing,
        for a store that was not erased.
        """
        new = self._wrapping.wrap(self._wrapping.entropy(KEY_BYTES), store_id, "store")
        with self._turn, self._file.transaction() as connection:
            self._wrapping.check_unrotated(connection)
            renewed = connection.execute(
                "UPDATE store_keys SET wrapped = ? WHERE store_id = ? AND wrapped IS NULL",
                (new, store_id),
            )
            connection.execute(COUNT_ERASURE)
            self._drop_keys()
        return renewed.rowcount > 0

    def erased(self, store_id: StoreId, subjects: Iterable[Pseudonym]) -> set[Pseudonym]:
        """Return those of the subjects who were erased: all of them, if their store was."""
        with self._file.snapshot() as connection:
            key = self._key_in(connection, store_id)
            if key is not None:
                found = tombstones(key, subjects)
                return {who for who, tombstone in found.items() if is_erased(connection, tombstone)}
            known = connection.execute(_STORE_KEY, (store_id,)).fetchone() is not None
            return set(subjects) if known else set()

    def revived(self) -> Sequence[tuple[StoreId, Pseudonym | None]]:
        """Return the erased subjects whose keys an older copy of the file brought back.

        Their keys are destroyed again already; what else the copy holds of them must be erased
        again. None stands for a whole store.
        """
        rows = self._file.rows("SELECT store_id, subject FROM revived ORDER BY store_id, subject")
        return tuple((StoreId(row[0]), Pseudonym(row[1]) if row[1] else None) for row in rows)

    def is_store_erased(self, store_id: StoreId) -> bool:
        """Say whether the store's key was destroyed and no fresh one made since."""
        rows = self._file.rows(_STORE_KEY, (store_id,))
        return bool(rows) and rows[0][0] is None

    def revive(self, subjects: Sequence[tuple[StoreId, Pseudonym | None]]) -> None:
        """Put erased subjects on that list, because rows about them were put back."""
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO revived (store_id, subject) VALUES (?, ?)",
                [(store_id, subject or b"") for store_id, subject in subjects],
            )

    def taken(self, subjects: Sequence[tuple[StoreId, Pseudonym | None]]) -> None:
        """Take subjects off that list: a new erasure of them is on disk."""
        with self._file.transaction() as connection:
            connection.executemany(
                "DELETE FROM revived WHERE store_id = ? AND subject = ?",
                [(store_id, subject or b"") for store_id, subject in subjects],
            )

    def close(self) -> None:
        """Close the file and drop the keys in memory."""
        self._drop_keys()
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
            self._drop_keys()
        self._seen = (version, erasures)

    def _drop_keys(self) -> None:
        self._cache.clear()
        self._store_keys.clear()

    def _has_key(self, store_id: StoreId) -> bool:
        """Say whether the store has a key, made now if it never had one."""
        try:
            self.store_key(store_id)
        except Erased:
            return False
        return True

    def _key_in(self, connection: sqlite3.Connection, store_id: StoreId) -> bytes | None:
        """Read the store's key anew, whatever is held in memory."""
        row = connection.execute(_STORE_KEY, (store_id,)).fetchone()
        if row is None or row[0] is None:
            return None
        return self._wrapping.unwrap(row[0], store_id, "store")

    def _erasures(self) -> int:
        return self._file.number(ERASURES) or 0

    def _make(self, store_id: StoreId, subjects: Subjects) -> dict[Pseudonym, bytes]:
        self.store_key(store_id)
        wrap, entropy = self._wrapping.wrap, self._wrapping.entropy
        with self._file.transaction() as connection:
            self._wrapping.check_unrotated(connection)
            store_key = self._key_in(connection, store_id)
            if store_key is None:
                raise _store_erased(store_id)
            stones = tombstones(store_key, subjects)
            alive = {
                who: said
                for who, said in subjects.items()
                if not is_erased(connection, stones[who])
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
        rows = self._file.rows(_STORE_KEY, (store_id,))
        if not rows:
            new = self._wrapping.wrap(self._wrapping.entropy(KEY_BYTES), store_id, "store")
            with self._file.transaction() as connection:
                self._wrapping.check_unrotated(connection)
                connection.execute(
                    "INSERT INTO store_keys VALUES (?, ?) ON CONFLICT DO NOTHING", (store_id, new)
                )
            rows = self._file.rows(_STORE_KEY, (store_id,))
        wrapped: bytes | None = rows[0][0]
        return wrapped


def _store_erased(store_id: StoreId) -> Erased:
    return Erased(
        f"{store_id}: this store was erased and its key destroyed, so nothing of it can be read; a "
        f"merchant who comes back begins anew with `shopwright stores add {store_id} --again …`"
    )
