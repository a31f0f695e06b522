"""How the ledger lies in SQLite: its tables and its revision."""

from pathlib import Path

from shopwright.adapters.sqlite_database import Database
from shopwright.adapters.sqlite_file import LEDGER, open_database

CACHE_MIB = 64

MIGRATIONS = (
    (
        """CREATE TABLE documents (
            id INTEGER PRIMARY KEY,
            store_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            key BLOB NOT NULL,
            tellings BLOB NOT NULL,
            revision INTEGER NOT NULL,
            UNIQUE (store_id, kind, key)
        ) STRICT""",
        """CREATE TABLE order_versions (
            store_id TEXT NOT NULL,
            order_key BLOB NOT NULL,
            version INTEGER NOT NULL,
            customer BLOB,
            known_us INTEGER NOT NULL,
            known_until_us INTEGER NOT NULL,
            occurred_us INTEGER NOT NULL,
            valid INTEGER NOT NULL,
            gross_minor INTEGER NOT NULL,
            refund_minor INTEGER NOT NULL,
            lines BLOB NOT NULL,
            reconstructed INTEGER NOT NULL,
            month TEXT NOT NULL,
            revision INTEGER NOT NULL,
            PRIMARY KEY (store_id, order_key, version)
        ) STRICT, WITHOUT ROWID""",
        """CREATE INDEX order_versions_of_customer
            ON order_versions (store_id, customer, occurred_us) WHERE customer IS NOT NULL""",
        "CREATE INDEX order_versions_of_month ON order_versions (store_id, month)",
        """CREATE TABLE product_versions (
            store_id TEXT NOT NULL,
            product_id TEXT NOT NULL,
            version INTEGER NOT NULL,
            known_us INTEGER NOT NULL,
            known_until_us INTEGER NOT NULL,
            title TEXT NOT NULL,
            category TEXT NOT NULL,
            status TEXT NOT NULL,
            deleted INTEGER NOT NULL,
            variants BLOB NOT NULL,
            revision INTEGER NOT NULL,
            PRIMARY KEY (store_id, product_id, version)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE records (
            id INTEGER PRIMARY KEY,
            store_id TEXT NOT NULL,
            view TEXT NOT NULL,
            entity BLOB NOT NULL,
            revision INTEGER NOT NULL,
            received_us INTEGER NOT NULL,
            state BLOB NOT NULL,
            UNIQUE (store_id, view, entity)
        ) STRICT""",
        "CREATE INDEX records_by_revision ON records (view, revision)",
        """CREATE TABLE changed_months (
            store_id TEXT NOT NULL,
            month TEXT NOT NULL,
            revision INTEGER NOT NULL,
            PRIMARY KEY (store_id, month)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX changed_months_by_revision ON changed_months (revision)",
        """CREATE TABLE dead_letters (
            partition TEXT NOT NULL,
            offset INTEGER NOT NULL,
            store_id TEXT NOT NULL,
            topic TEXT NOT NULL,
            reason TEXT NOT NULL,
            failed_us INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            PRIMARY KEY (partition, offset)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE position (
            partition TEXT PRIMARY KEY,
            offset INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE meta (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO meta (name, value) VALUES ('revision', 0)",
    ),
    (
        "ALTER TABLE dead_letters ADD COLUMN subject BLOB",
        "ALTER TABLE dead_letters ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1",
        """CREATE INDEX dead_letters_of_subject
            ON dead_letters (store_id, subject) WHERE subject IS NOT NULL""",
    ),
    # Variants and stock enter the history: one more revision, in which they count as changed.
    (
        """UPDATE meta SET value = value + 1 WHERE name = 'revision' AND (
            EXISTS (SELECT 1 FROM product_versions)
            OR EXISTS (SELECT 1 FROM documents WHERE kind = 'stock_month'))""",
        """INSERT INTO changed_months (store_id, month, revision)
            SELECT DISTINCT store_id, 'all', value FROM product_versions, meta
            WHERE name = 'revision'
            ON CONFLICT (store_id, month) DO UPDATE SET revision = excluded.revision""",
        """INSERT INTO changed_months (store_id, month, revision)
            SELECT DISTINCT store_id, 'stock-' || CAST(substr(key, -7) AS TEXT), value
            FROM documents, meta WHERE kind = 'stock_month' AND name = 'revision'
            ON CONFLICT (store_id, month) DO UPDATE SET revision = excluded.revision""",
    ),
    # What was sold to nobody in particular, and for how much less. Rows of before know what was
    # valid and no discounts until their order is told again, or the log is replayed.
    (
        "ALTER TABLE order_versions ADD COLUMN sold INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE order_versions ADD COLUMN discount_minor INTEGER NOT NULL DEFAULT 0",
        "UPDATE order_versions SET sold = valid",
        """UPDATE meta SET value = value + 1 WHERE name = 'revision'
            AND EXISTS (SELECT 1 FROM order_versions)""",
        """INSERT INTO changed_months (store_id, month, revision)
            SELECT DISTINCT store_id, month, value FROM order_versions, meta
            WHERE name = 'revision'
            ON CONFLICT (store_id, month) DO UPDATE SET revision = excluded.revision""",
    ),
)

REVISION = "SELECT value FROM meta WHERE name = 'revision'"


def open_ledger(path: Path, *, query_only: bool) -> Database:
    """Open a ledger file. What is deleted from it is overwritten, because it speaks of people."""
    return open_database(
        path,
        LEDGER,
        MIGRATIONS,
        secure_delete=True,
        query_only=query_only,
        cache_mib=CACHE_MIB,
    )
