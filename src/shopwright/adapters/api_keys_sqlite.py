"""API keys on SQLite, in ``control.db``: their hashes, and what they open."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shopwright.adapters.control_schema import open_control
from shopwright.core.types.access import ApiKey, Scope
from shopwright.core.types.identity import StoreId

_COLUMNS = "key_id, store_id, scopes, secret_hash, note, made_by, made_us, expires_us, revoked_us"


class SqliteApiKeys:
    """Keys of programs; what was revoked stays in the list."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)

    def add(self, key: ApiKey) -> bool:
        """Add a key durably; False, and no change, when the id is taken."""
        with self._file.transaction() as connection:
            added = connection.execute(
                f"INSERT INTO api_keys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (
                    key.key_id,
                    key.store_id,
                    " ".join(sorted(key.scopes)),
                    key.secret_hash,
                    key.note,
                    key.made_by,
                    key.made_us,
                    key.expires_us,
                    key.revoked_us,
                ),
            )
            return added.rowcount == 1

    def get(self, key_id: str) -> ApiKey | None:
        """Return a key, revoked ones too."""
        rows = self._file.rows(f"SELECT {_COLUMNS} FROM api_keys WHERE key_id = ?", (key_id,))
        return _key(rows[0]) if rows else None

    def all(self) -> Sequence[ApiKey]:
        """Return every key, oldest first."""
        rows = self._file.rows(f"SELECT {_COLUMNS} FROM api_keys ORDER BY made_us, key_id")
        return tuple(map(_key, rows))

    def revoke(self, key_id: str, at_us: int) -> bool:
        """Make a key worthless for good; False when it is not there or was revoked before."""
        with self._file.transaction() as connection:
            revoked = connection.execute(
                "UPDATE api_keys SET revoked_us = ? WHERE key_id = ? AND revoked_us IS NULL",
                (at_us, key_id),
            )
            return revoked.rowcount == 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _key(row: tuple[Any, ...]) -> ApiKey:
    key_id, store_id, scopes, secret_hash, note, made_by, made_us, expires_us, revoked_us = row
    return ApiKey(
        key_id=key_id,
        store_id=None if store_id is None else StoreId(store_id),
        scopes=frozenset(map(Scope, scopes.split())),
        secret_hash=secret_hash,
        note=note,
        made_by=made_by,
        made_us=made_us,
        expires_us=expires_us,
        revoked_us=revoked_us,
    )
