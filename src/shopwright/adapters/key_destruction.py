"""Destroys keys in ``keys.db``: noted in the erasure journal first, then gone, then a tombstone.

Also makes up for what the journal knows and the file does not: an older copy of the file was put
back, and the keys in it that had been destroyed are destroyed again, before anybody can use them.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from shopwright.adapters.erasure_journal import NOWHERE, Erasure, ErasureJournal, Mark
from shopwright.adapters.keys_schema import COUNT_ERASURE
from shopwright.adapters.sqlite_database import Database
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.privacy.pseudonyms import derive
from shopwright.privacy.tombstones import tombstones

REREAD_BYTES = 1 << 16
"""The mark moves on when this much of the journal was read again for nothing."""

KeyIn = Callable[[sqlite3.Connection, StoreId], bytes | None]
"""Reads a living store's key inside a transaction."""

WHOLE_STORE = Pseudonym(b"")
_FINGERPRINT_BYTES = 16


def is_erased(connection: sqlite3.Connection, tombstone: bytes) -> bool:
    """Say whether the subject with this tombstone was erased."""
    query = "SELECT 1 FROM tombstones WHERE tombstone = ?"
    return connection.execute(query, (tombstone,)).fetchone() is not None


class KeyDestruction:
    """Destroys keys of one key file; ``journal`` None keeps no journal."""

    def __init__(self, file: Database, key_in: KeyIn, journal: ErasureJournal | None) -> None:
        self._file = file
        self._key_in = key_in
        self._journal = journal

    def subject(self, connection: sqlite3.Connection, store_id: StoreId, who: Pseudonym) -> bool:
        """Destroy a subject's key and leave a tombstone; say whether there was a key."""
        key = self._key_in(connection, store_id)
        if key is None:
            return False
        tombstone = tombstones(key, [who])[who]
        if not is_erased(connection, tombstone):
            self._note(Erasure(store_id=store_id, tombstone=tombstone.hex()))
        deleted = connection.execute(
            "DELETE FROM subject_keys WHERE store_id = ? AND subject = ?", (store_id, who)
        )
        _entomb(connection, store_id, tombstone)
        connection.execute(COUNT_ERASURE)
        return deleted.rowcount > 0

    def store(self, connection: sqlite3.Connection, store_id: StoreId) -> bool:
        """Destroy a store's key and the keys of all its people; say whether there was one."""
        key = self._key_in(connection, store_id)
        if key is None and _has_row(connection, store_id):
            return False
        fingerprint = "" if key is None else _fingerprint(key)
        self._note(Erasure(store_id=store_id, store_key=fingerprint))
        _destroy_store(connection, store_id, fingerprint)
        connection.execute(COUNT_ERASURE)
        return key is not None

    def make_up(self) -> None:
        """Let the file know what the journal knows, and the journal what the file knows."""
        if self._journal is None:
            return
        if not self._journal.exists():
            if next(self._known(), None) is not None:
                self._journal.make(self._known)
            return
        before = self._mark()
        erasures, mark = self._journal.read(before)
        unknown = [one for one in erasures if not self._knows(one)]
        if unknown:
            with self._file.transaction() as connection:
                self._destroy_again(connection, unknown)
                _move_mark(connection, mark)
            self._file.erase_traces()
        elif mark.bytes - before.bytes > REREAD_BYTES or before.journal not in ("", mark.journal):
            with self._file.transaction() as connection:
                _move_mark(connection, mark)

    def _note(self, erasure: Erasure) -> None:
        if self._journal is not None:
            self._journal.append([erasure], self._known)

    def _known(self) -> Iterator[Erasure]:
        for store_id, tombstone in self._file.rows("SELECT store_id, tombstone FROM tombstones"):
            yield Erasure(store_id=StoreId(store_id or ""), tombstone=tombstone.hex())
        for store_id, fingerprint in self._file.rows("SELECT * FROM destroyed_stores"):
            yield Erasure(store_id=StoreId(store_id), store_key=fingerprint)

    def _mark(self) -> Mark:
        rows = self._file.rows("SELECT journal, bytes FROM journal_read")
        return Mark(*rows[0]) if rows else NOWHERE

    def _knows(self, erasure: Erasure) -> bool:
        with self._file.snapshot() as connection:
            if erasure.tombstone:
                return is_erased(connection, bytes.fromhex(erasure.tombstone))
            return _is_destroyed(connection, erasure.store_id, erasure.store_key)

    def _destroy_again(self, connection: sqlite3.Connection, unknown: Sequence[Erasure]) -> None:
        for one in unknown:
            if not one.tombstone:
                self._destroy_store_again(connection, one)
        lost = {bytes.fromhex(one.tombstone): one.store_id for one in unknown if one.tombstone}
        for store_id in self._stores(connection, set(lost.values())):
            for who in self._revived_in(connection, store_id, lost):
                connection.execute(
                    "DELETE FROM subject_keys WHERE store_id = ? AND subject = ?", (store_id, who)
                )
                _revive(connection, store_id, who)
        for tombstone, store_id in lost.items():
            _entomb(connection, store_id, tombstone)
        connection.execute(COUNT_ERASURE)

    def _destroy_store_again(self, connection: sqlite3.Connection, one: Erasure) -> None:
        key = self._key_in(connection, one.store_id)
        if key is None:
            _destroy_store(connection, one.store_id, one.store_key)
        elif _fingerprint(key) == one.store_key:
            _destroy_store(connection, one.store_id, one.store_key)
            _revive(connection, one.store_id, WHOLE_STORE)
        else:  # the store came back with a new key, and the copy has it
            _remember_destroyed(connection, one.store_id, one.store_key)

    def _stores(self, connection: sqlite3.Connection, named: set[StoreId]) -> list[StoreId]:
        rows = connection.execute("SELECT store_id FROM store_keys WHERE wrapped IS NOT NULL")
        return [StoreId(row[0]) for row in rows if "" in named or row[0] in named]

    def _revived_in(
        self, connection: sqlite3.Connection, store_id: StoreId, lost: dict[bytes, StoreId]
    ) -> list[Pseudonym]:
        """Return the subjects of a store that have a key and one of these tombstones."""
        key = self._key_in(connection, store_id)
        if key is None:
            return []
        query = "SELECT subject FROM subject_keys WHERE store_id = ?"
        subjects = [Pseudonym(row[0]) for row in connection.execute(query, (store_id,))]
        found = tombstones(key, subjects)
        return [who for who, tombstone in found.items() if tombstone in lost]


def _fingerprint(store_key: bytes) -> str:
    return derive(store_key, "fingerprint")[:_FINGERPRINT_BYTES].hex()


def _entomb(connection: sqlite3.Connection, store_id: StoreId, tombstone: bytes) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO tombstones (tombstone, store_id) VALUES (?, ?)",
        (tombstone, store_id or None),
    )


def _destroy_store(connection: sqlite3.Connection, store_id: StoreId, fingerprint: str) -> None:
    connection.execute("DELETE FROM subject_keys WHERE store_id = ?", (store_id,))
    connection.execute(
        "INSERT OR REPLACE INTO store_keys (store_id, wrapped) VALUES (?, NULL)", (store_id,)
    )
    _remember_destroyed(connection, store_id, fingerprint)


def _remember_destroyed(
    connection: sqlite3.Connection, store_id: StoreId, fingerprint: str
) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO destroyed_stores (store_id, fingerprint) VALUES (?, ?)",
        (store_id, fingerprint),
    )


def _has_row(connection: sqlite3.Connection, store_id: StoreId) -> bool:
    query = "SELECT 1 FROM store_keys WHERE store_id = ?"
    return connection.execute(query, (store_id,)).fetchone() is not None


def _is_destroyed(connection: sqlite3.Connection, store_id: StoreId, fingerprint: str) -> bool:
    query = "SELECT 1 FROM destroyed_stores WHERE store_id = ? AND fingerprint = ?"
    return connection.execute(query, (store_id, fingerprint)).fetchone() is not None


def _revive(connection: sqlite3.Connection, store_id: StoreId, subject: Pseudonym) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO revived (store_id, subject) VALUES (?, ?)", (store_id, subject)
    )


def _move_mark(connection: sqlite3.Connection, mark: Mark) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO journal_read (only_row, journal, bytes) VALUES (1, ?, ?)", mark
    )
