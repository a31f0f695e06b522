"""A data folder with every kind of wrapped secret in it, and what opens it."""

import base64
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.adapters.secrets_sqlite import SqliteSecrets
from shopwright.adapters.signing_key_sqlite import SqliteSigningKey
from shopwright.adapters.token_vault_sqlite import SqliteTokenVault
from shopwright.core.types.connection import Credential
from shopwright.core.types.identity import Pseudonym, StoreId

STORES = [StoreId(f"{letter}.myshopify.com") for letter in "abc"]
GONE = StoreId("gone.myshopify.com")
PEOPLE = [Pseudonym(n.to_bytes(16, "big")) for n in range(1, 25)]
WRAPPED = "wrapped"
ALSO_WRAPPED = {("subject_keys", "original")}


def write_key(path: Path, key: bytes) -> None:
    path.write_bytes(base64.b64encode(key) + b"\n")
    path.chmod(0o600)


def fill(home: Path, master_key: bytes) -> None:
    """Write stores, people, webhook secrets, a signing key, and a store that was destroyed."""
    keys = SqliteKeys(home / "keys.db", master_key)
    secrets = SqliteSecrets(home / "control.db", master_key)
    vault = SqliteTokenVault(home / "control.db", master_key)
    for store_id in STORES:
        vault.put(Credential(store_id=store_id, mode="token", access_token=f"of {store_id}"))
        keys.seal_keys(store_id, {who: ("customer", f"id of {who.hex()}") for who in PEOPLE})
        secrets.add(store_id, f"secret of {store_id}".encode())
        secrets.add(store_id, f"newer secret of {store_id}".encode())
    keys.forget(STORES[0], PEOPLE[0])
    keys.store_key(GONE)
    keys.forget(GONE, None)
    signing = SqliteSigningKey(home / "control.db", master_key)
    signing.private()
    for opened in (keys, secrets, signing, vault):
        opened.close()


def opened_with(home: Path, master_key: bytes) -> list[object]:
    """Return everything that the key opens. Raises Damaged when it does not open a file."""
    keys = SqliteKeys(home / "keys.db", master_key)
    secrets = SqliteSecrets(home / "control.db", master_key)
    signing = SqliteSigningKey(home / "control.db", master_key)
    vault = SqliteTokenVault(home / "control.db", master_key)
    try:
        return [
            *((s, keys.store_key(s), keys.open_keys(s, PEOPLE)) for s in STORES),
            *(keys.reveal(store_id, PEOPLE) for store_id in STORES),
            *(secrets.of(store_id) for store_id in STORES),
            signing.private(),
            *(vault.get(store_id) for store_id in STORES),
        ]
    finally:
        for opened in (keys, secrets, signing, vault):
            opened.close()


def wrapped_in(home: Path) -> dict[tuple[str, str], Sequence[bytes]]:
    """Return every wrapped secret by table and column, found by the columns' names."""
    found: dict[tuple[str, str], Sequence[bytes]] = {}
    for name in ("keys.db", "control.db"):
        with closing(sqlite3.connect(home / name)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
                for column in (column[1] for column in columns):
                    if column == WRAPPED or (table, column) in ALSO_WRAPPED:
                        rows = connection.execute(
                            f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"
                        )
                        found[f"{name}: {table}", column] = [row[0] for row in rows]
    return found


def bytes_in(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())
