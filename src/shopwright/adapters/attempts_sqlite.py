"""Failed attempts to sign in on SQLite, in ``control.db``: counted for all web processes at once.

Bounded: when there are too many, those that wait least are forgotten first.
"""

import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path

from shopwright.adapters.control_schema import open_control
from shopwright.privacy.patience import KEPT_MAX, failures_now, left_us, wait_us


class SqliteAttempts:
    """How often a name or an address failed to sign in."""

    def __init__(self, path: Path, *, kept_max: int = KEPT_MAX) -> None:
        self._file = open_control(path)
        self._kept_max = kept_max

    def begin(self, free: Mapping[bytes, int], now_us: int) -> int:
        """Count one attempt against every key, or return the microseconds to wait."""
        with self._file.transaction() as connection:
            known = {key: _row(connection, key) for key in free}
            left = max(left_us(until_us, now_us) for _, _, until_us in known.values())
            if left:
                return left
            for key, allowed in free.items():
                failures, last_us, _ = known[key]
                failures = failures_now(failures, last_us, now_us) + 1
                connection.execute(
                    "INSERT OR REPLACE INTO attempts (key, failures, last_us, until_us) "
                    "VALUES (?, ?, ?, ?)",
                    (key, failures, now_us, now_us + wait_us(failures, allowed)),
                )
            self._keep_few(connection)
            return 0

    def left(self, keys: Collection[bytes], now_us: int) -> int:
        """Return the microseconds until the next attempt of all these keys; 0 for at once."""
        found = self._file.rows_of_each(
            "SELECT until_us FROM attempts WHERE key = ?", [(key,) for key in keys]
        )
        return max(left_us(until_us, now_us) for rows in found for (until_us,) in rows or [(0,)])

    def forgive(self, key: bytes, *, times: int | None) -> bool:
        """Take back so many attempts of a key, or all; say whether there were any."""
        with self._file.transaction() as connection:
            if times is None:
                done = connection.execute("DELETE FROM attempts WHERE key = ?", (key,))
            else:
                done = connection.execute(
                    "UPDATE attempts SET failures = max(0, failures - ?), until_us = 0 "
                    "WHERE key = ? AND failures > 0",
                    (times, key),
                )
            return done.rowcount == 1

    def _keep_few(self, connection: sqlite3.Connection) -> None:
        (kept,) = connection.execute("SELECT count(*) FROM attempts").fetchone()
        if kept > self._kept_max:
            connection.execute(
                "DELETE FROM attempts WHERE key IN "
                "(SELECT key FROM attempts ORDER BY until_us, last_us LIMIT ?)",
                (kept - self._kept_max,),
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _row(connection: sqlite3.Connection, key: bytes) -> tuple[int, int, int]:
    found = connection.execute(
        "SELECT failures, last_us, until_us FROM attempts WHERE key = ?", (key,)
    ).fetchone()
    return found or (0, 0, 0)
