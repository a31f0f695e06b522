"""How far each consumer of the log has come: what lies behind all of them may be removed."""

from pathlib import Path

from shopwright.adapters.sqlite_file import LOG_CONSUMERS, open_database
from shopwright.core.types.log import Position

MIGRATIONS = (
    (
        """CREATE TABLE consumers (
            consumer TEXT NOT NULL,
            partition TEXT NOT NULL,
            offset INTEGER NOT NULL,
            PRIMARY KEY (consumer, partition)
        ) STRICT, WITHOUT ROWID""",
    ),
)


class Consumers:
    """``log/consumers.sqlite``."""

    def __init__(self, path: Path) -> None:
        self._file = open_database(path, LOG_CONSUMERS, MIGRATIONS)

    def commit(self, consumer: str, through: Position) -> None:
        """Replace the consumer's position; a rebuild may set it back."""
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM consumers WHERE consumer = ?", (consumer,))
            connection.executemany(
                "INSERT INTO consumers (consumer, partition, offset) VALUES (?, ?, ?)",
                [(consumer, partition, offset) for partition, offset in through.items()],
            )

    def positions(self) -> dict[str, Position]:
        """Return the position of every consumer."""
        found: dict[str, dict[str, int]] = {}
        for consumer, partition, offset in self._file.rows(
            "SELECT consumer, partition, offset FROM consumers ORDER BY consumer, partition"
        ):
            found.setdefault(consumer, {})[partition] = offset
        return {consumer: Position(position) for consumer, position in found.items()}

    def close(self) -> None:
        """Close the file."""
        self._file.close()
