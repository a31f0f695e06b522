"""Decisions on SQLite, in ``control.db``: triggers in the file refuse to change or delete one."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from shopwright.adapters.control_schema import open_control
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import StoreId

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Decision).decode


class SqliteDecisions:
    """The decision log."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)

    def record(self, decision: Decision) -> int:
        """Append a decision durably; return its number (1, 2, …)."""
        with self._file.transaction() as connection:
            added = connection.execute(
                "INSERT INTO decisions (store_id, task, decision) VALUES (?, ?, ?)",
                (decision.store_id, decision.task, _encode(decision)),
            )
            return int(added.lastrowid or 0)

    def of(self, store_id: StoreId | None, task: str | None) -> Sequence[Decision]:
        """Return decisions in the order in which they were taken; None means all.

        Raises Damaged naming the file.
        """
        asked = {"store_id": store_id, "task": task}
        given = {column: value for column, value in asked.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in given) or "TRUE"
        rows = self._file.rows(
            f"SELECT decision FROM decisions WHERE {where} ORDER BY number", tuple(given.values())
        )
        try:
            return tuple(_decode(row[0]) for row in rows)
        except NOT_DECODABLE as error:
            raise Damaged(
                f"{self._file.path}: a decision cannot be read ({error}); restore the file from a "
                "backup"
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()
