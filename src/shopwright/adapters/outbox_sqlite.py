"""Outbox on SQLite, in ``control.db``."""

from collections.abc import Sequence
from pathlib import Path

from shopwright.adapters.control_schema import open_control


class SqliteOutbox:
    """Work for an outside system, kept until it is acknowledged."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)
        self._handed_out: dict[tuple[str, str], int] = {}

    def add(self, kind: str, key: str, body: bytes) -> None:
        """Queue an item; adding the same kind and key again replaces its body.

        A replaced item goes to the end, so that acknowledging its older body leaves it waiting.
        """
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO outbox (kind, key, body) VALUES (?, ?, ?)",
                (kind, key, body),
            )

    def pending(self, kind: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return waiting (key, body) pairs, oldest first."""
        rows = self._file.rows(
            "SELECT number, key, body FROM outbox WHERE kind = ? ORDER BY number LIMIT ?",
            (kind, limit),
        )
        self._handed_out |= {(kind, key): number for number, key, _ in rows}
        return tuple((key, body) for _, key, body in rows)

    def done(self, kind: str, key: str) -> None:
        """Acknowledge the item as this object handed it out; a newer body stays."""
        number = self._handed_out.pop((kind, key), None)
        with self._file.transaction() as connection:
            connection.execute(
                "DELETE FROM outbox WHERE kind = ?1 AND key = ?2 AND number <= ifnull(?3, number)",
                (kind, key, number),
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
