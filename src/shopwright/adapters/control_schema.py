"""How ``control.db`` lies in SQLite.

Format 1: stores, their webhook secrets, decisions, and the outbox. Format 2: privacy requests and
receipts, errands for the worker, the audit trail, users, sessions and API keys. Format 3: connected
stores, their credentials, the slices of their backfills, and leases.
"""

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
    (
        # A closed request keeps its id, so that the same delivery is not obeyed twice.
        """CREATE TABLE privacy_requests (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            request_id TEXT NOT NULL UNIQUE,
            store_id TEXT NOT NULL,
            request BLOB,
            progress BLOB NOT NULL DEFAULT x'',
            receipt BLOB,
            signature BLOB,
            public_key BLOB
        ) STRICT""",
        """CREATE TABLE signing_key (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            wrapped BLOB NOT NULL
        ) STRICT""",
        """CREATE TABLE errands (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            asked_us INTEGER NOT NULL,
            body BLOB NOT NULL,
            answer BLOB
        ) STRICT""",
        """CREATE TABLE audit (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            at_us INTEGER NOT NULL,
            who TEXT NOT NULL,
            did TEXT NOT NULL,
            store_id TEXT,
            about TEXT NOT NULL
        ) STRICT""",
        """CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END""",
        """CREATE TABLE users (
            name TEXT PRIMARY KEY,
            role TEXT NOT NULL,
            stores TEXT,
            password TEXT NOT NULL,
            password_us INTEGER NOT NULL,
            made_us INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        # Keyed hashes of names and addresses: what was typed by mistake must not be kept.
        """CREATE TABLE attempts (
            key BLOB PRIMARY KEY,
            failures INTEGER NOT NULL,
            last_us INTEGER NOT NULL,
            until_us INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE sessions (
            token_hash BLOB PRIMARY KEY,
            user TEXT NOT NULL,
            csrf TEXT NOT NULL,
            password_us INTEGER NOT NULL,
            made_us INTEGER NOT NULL,
            seen_us INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE api_keys (
            key_id TEXT PRIMARY KEY,
            store_id TEXT,
            scopes TEXT NOT NULL,
            secret_hash BLOB NOT NULL,
            note TEXT NOT NULL,
            made_by TEXT NOT NULL,
            made_us INTEGER NOT NULL,
            expires_us INTEGER,
            revoked_us INTEGER
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE tokens (
            store_id TEXT PRIMARY KEY,
            wrapped BLOB NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE leases (
            name TEXT PRIMARY KEY,
            holder TEXT NOT NULL,
            until_us INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE connections (
            store_id TEXT PRIMARY KEY,
            document BLOB NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE slices (
            store_id TEXT NOT NULL,
            name TEXT NOT NULL,
            document BLOB NOT NULL,
            PRIMARY KEY (store_id, name)
        ) STRICT, WITHOUT ROWID""",
    ),
)


def open_control(path: Path) -> Database:
    """Open the control file; what is deleted from it is overwritten."""
    return open_database(path, CONTROL, MIGRATIONS, secure_delete=True)
