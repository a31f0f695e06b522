"""Looks into a key file without changing it: whose it is, and whether a master key opens it."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from shopwright.adapters.sqlite_database import Row, explained
from shopwright.core.errors import Damaged
from shopwright.privacy.master import unwrap

_SAMPLED = (
    # Spread over the file by the subject's own random bytes.
    "SELECT store_id, subject, wrapped FROM subject_keys ORDER BY subject LIMIT ?"
)


def installation_of(path: Path, *, still: bool = False) -> str:
    """Return 32 hex digits that tell key files apart, and say nothing else.

    They change with the master key. ``still`` when nobody can be writing the file. Raises Damaged
    for a file without a proof of its master key.
    """
    return hashlib.sha256(_proof(path, still)).hexdigest()[:32]


def check_opens(path: Path, master_key: bytes, *, still: bool = False) -> None:
    """Raise Damaged when this master key does not open this key file."""
    try:
        unwrap(master_key, _proof(path, still), store_id="", purpose="proof", owner=b"")
    except Damaged as error:
        raise Damaged(
            f"{path}: this key file does not open with this master key; give the master key of "
            "the installation that it was taken of (it is never part of a backup)"
        ) from error


def stores_that_do_not_open(path: Path, master_key: bytes) -> list[str]:
    """Return the stores whose own key is there and does not open."""
    rows = _rows(path, "SELECT store_id, wrapped FROM store_keys WHERE wrapped IS NOT NULL", ())
    return [
        store_id for store_id, wrapped in rows if not _opens(master_key, wrapped, store_id, "store")
    ]


def people_that_do_not_open(path: Path, master_key: bytes, sample: int) -> dict[str, int]:
    """Return store to how many keys of people do not open, among at most ``sample`` keys."""
    found: dict[str, int] = {}
    for store_id, subject, wrapped in _rows(path, _SAMPLED, (sample,)):
        if not _opens(master_key, wrapped, store_id, "subject", subject):
            found[store_id] = found.get(store_id, 0) + 1
    return found


def _opens(
    master_key: bytes, wrapped: bytes, store_id: str, purpose: str, owner: bytes = b""
) -> bool:
    try:
        unwrap(master_key, wrapped, store_id=store_id, purpose=purpose, owner=owner)
    except Damaged:
        return False
    return True


def _proof(path: Path, still: bool) -> bytes:
    rows = _rows(path, "SELECT wrapped FROM proof", (), still=still)
    if not rows:
        raise Damaged(f"{path}: holds no proof of its master key; restore it from a backup")
    return bytes(rows[0][0])


def _rows(path: Path, sql: str, parameters: tuple[int, ...], *, still: bool = False) -> list[Row]:
    uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    with explained(path), closing(sqlite3.connect(uri, uri=True, timeout=10.0)) as connection:
        return connection.execute(sql, parameters).fetchall()
