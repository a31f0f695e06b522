"""The audit trail on SQLite, in ``control.db``: a trigger in the file refuses to change a line."""

from collections.abc import Sequence
from pathlib import Path

from shopwright.adapters.control_schema import open_control
from shopwright.core.types.audit import AuditEntry
from shopwright.core.types.identity import StoreId


class SqliteAudit:
    """Who did what, when, to which store."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)

    def record(
        self, at_us: int, who: str, did: str, store_id: StoreId | None = None, about: str = ""
    ) -> int:
        """Append a line durably; return its number (1, 2, …)."""
        with self._file.transaction() as connection:
            added = connection.execute(
                "INSERT INTO audit (at_us, who, did, store_id, about) VALUES (?, ?, ?, ?, ?)",
                (at_us, who, did, store_id, about),
            )
            return int(added.lastrowid or 0)

    def of(self, limit: int) -> Sequence[AuditEntry]:
        """Return the newest lines, newest first."""
        rows = self._file.rows(
            "SELECT number, at_us, who, did, store_id, about FROM audit "
            "ORDER BY number DESC LIMIT ?",
            (limit,),
        )
        return tuple(
            AuditEntry(
                number=number,
                at_us=at_us,
                who=who,
                did=did,
                store_id=None if store_id is None else StoreId(store_id),
                about=about,
            )
            for number, at_us, who, did, store_id, about in rows
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
