"""Leases on SQLite, in ``control.db``: every process of the installation sees them."""

from pathlib import Path

from shopwright.adapters.control_schema import open_control


class SqliteLeases:
    """Who may do what only one may do at a time."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)

    def take(self, name: str, holder: str, now_us: int, until_us: int) -> bool:
        """Take or extend a lease; False while another holder has it."""
        with self._file.transaction() as connection:
            taken = connection.execute(
                "INSERT INTO leases (name, holder, until_us) VALUES (?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, "
                "until_us = excluded.until_us "
                "WHERE holder = excluded.holder OR until_us <= ?",
                (name, holder, until_us, now_us),
            )
            return taken.rowcount > 0

    def release(self, name: str, holder: str) -> None:
        """Give a lease back; nothing happens when another holder has it."""
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM leases WHERE name = ? AND holder = ?", (name, holder))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
