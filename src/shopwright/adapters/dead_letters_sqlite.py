"""The list of dead letters in a ledger file, read beside its writer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shopwright.adapters.ledger_schema import open_ledger
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import DeadLetter

_COLUMNS = "partition, offset, store_id, topic, reason, failed_us, subject, attempts"


class SqliteDeadLetters:
    """Finds dead letters by where they lie, by store, and by topic."""

    def __init__(self, path: Path) -> None:
        self._file = open_ledger(path, query_only=True)

    def find(
        self, store_id: StoreId | None = None, topic: str | None = None, limit: int = -1
    ) -> Sequence[DeadLetter]:
        """Return letters, newest first; None and -1 ask for all."""
        rows = self._file.rows(
            f"SELECT {_COLUMNS} FROM dead_letters "
            "WHERE store_id = ifnull(?1, store_id) AND topic = ifnull(?2, topic) "
            "ORDER BY failed_us DESC, partition, offset DESC LIMIT ?3",
            (store_id, topic, limit),
        )
        return tuple(_to_letter(row) for row in rows)

    def get(self, where: Sequence[tuple[str, int]]) -> Sequence[DeadLetter]:
        """Return the letters at these (partition, offset); one that is not there is left out."""
        found = self._file.rows_of_each(
            f"SELECT {_COLUMNS} FROM dead_letters WHERE partition = ? AND offset = ?", where
        )
        return tuple(_to_letter(row) for rows in found for row in rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _to_letter(row: tuple[Any, ...]) -> DeadLetter:
    return DeadLetter(
        partition=row[0],
        offset=row[1],
        store_id=StoreId(row[2]),
        topic=row[3],
        reason=row[4],
        failed_us=row[5],
        subject=None if row[6] is None else Pseudonym(row[6]),
        attempts=row[7],
    )
