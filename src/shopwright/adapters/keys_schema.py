"""How ``keys.db`` lies in SQLite. Every key in it is wrapped under the master key.

Format 2: stores beside tombstones, destroyed store keys, and how far the erasure journal was read.
"""

from pathlib import Path

from shopwright.adapters.sqlite_database import Database
from shopwright.adapters.sqlite_file import KEYS, open_database
from shopwright.adapters.wrapping import PROOF_TABLE

MIGRATIONS = (
    (
        # A destroyed store keeps its row, with no key: it must never get a new one.
        """CREATE TABLE store_keys (
            store_id TEXT PRIMARY KEY,
            wrapped BLOB
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE subject_keys (
            store_id TEXT NOT NULL,
            subject BLOB NOT NULL,
            kind TEXT NOT NULL,
            wrapped BLOB NOT NULL,
            original BLOB NOT NULL,
            PRIMARY KEY (store_id, subject)
        ) STRICT, WITHOUT ROWID""",
        "CREATE TABLE tombstones (tombstone BLOB PRIMARY KEY) STRICT, WITHOUT ROWID",
        """CREATE TABLE erasures (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            count INTEGER NOT NULL
        ) STRICT""",
        "INSERT INTO erasures (only_row, count) VALUES (1, 0)",
        PROOF_TABLE,
    ),
    (
        "ALTER TABLE tombstones ADD COLUMN store_id TEXT",
        # A store that was erased and came back has a new key: the fingerprint tells them apart.
        """CREATE TABLE destroyed_stores (
            store_id TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            PRIMARY KEY (store_id, fingerprint)
        ) STRICT, WITHOUT ROWID""",
        # What an old copy brought back; an empty subject is the whole store.
        """CREATE TABLE revived (
            store_id TEXT NOT NULL,
            subject BLOB NOT NULL,
            PRIMARY KEY (store_id, subject)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE journal_read (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            journal TEXT NOT NULL,
            bytes INTEGER NOT NULL
        ) STRICT""",
    ),
)

ERASURES = "SELECT count FROM erasures"
COUNT_ERASURE = "UPDATE erasures SET count = count + 1"


def open_keys_file(path: Path) -> Database:
    """Open the key file; what is deleted from it is overwritten."""
    return open_database(path, KEYS, MIGRATIONS, secure_delete=True)
