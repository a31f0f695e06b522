"""How ``control.db`` lies in SQLite: stores, their webhook secrets, decisions, and the outbox."""

from pathlib import Path

from shopwright.adapters.sqlite_database import Database
from shopwright.adapters.sqlite_file import CONTROL, open_database
from shopwright.adapters.wrapping import PROOF_TABLE

MIGRATIONS = (
    (
        """CREATE TABLE stores (
            store_id TEXT PRIMARY KEY,
            currency TEXT NOT NULL,
            timezone TEXT NOT NULL,
            added_us INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE secrets (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            store_id TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            wrapped BLOB NOT NULL,
            UNIQUE (store_id, fingerprint)
        ) STRICT""",
        PROOF_TABLE,
        """CREATE TABLE decisions (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            store_id TEXT NOT NULL,
            task TEXT NOT NULL,
            decision BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX decisions_of_store ON decisions (store_id, task)",
        """CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
            BEGIN SELECT RAISE(ABORT, 'a decision is never changed'); END""",
        """CREATE TRIGGER decisions_are_kept BEFORE DELETE ON decisions
            BEGIN SELECT RAISE(ABORT, 'a decision is never deleted'); END""",
        """CREATE TABLE outbox (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            body BLOB NOT NULL,
            UNIQUE (kind, key)
        ) STRICT""",
    ),
)


def open_control(path: Path) -> Database:
    """Open the control file; what is deleted from it is overwritten."""
    return open_database(path, CONTROL, MIGRATIONS, secure_delete=True)
