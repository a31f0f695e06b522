"""Errands on SQLite, in ``control.db``."""

from collections.abc import Sequence
from pathlib import Path

from shopwright.adapters.control_schema import open_control


class SqliteErrands:
    """What an operator asked the running worker to do: kept until it is answered."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)

    def ask(self, kind: str, body: bytes, asked_us: int) -> int:
        """Queue an errand durably; return its number (1, 2, …)."""
        with self._file.transaction() as connection:
            asked = connection.execute(
                "INSERT INTO errands (kind, asked_us, body) VALUES (?, ?, ?)",
                (kind, asked_us, body),
            )
        return int(asked.lastrowid or 0)

    def open(self, kind: str) -> Sequence[tuple[int, bytes]]:
        """Return (number, body) of the errands of a kind that wait, oldest first."""
        return tuple(
            self._file.rows(
                "SELECT number, body FROM errands WHERE kind = ? AND answer IS NULL "
                "ORDER BY number",
                (kind,),
            )
        )

    def answer(self, number: int, answer: bytes) -> None:
        """Say what became of an errand; a second answer changes nothing."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE errands SET answer = ? WHERE number = ? AND answer IS NULL",
                (answer, number),
            )

    def answered(self, number: int) -> bytes | None:
        """Return the answer; None while there is none."""
        rows = self._file.rows("SELECT answer FROM errands WHERE number = ?", (number,))
        return None if not rows else rows[0][0]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
