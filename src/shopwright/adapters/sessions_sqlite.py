"""Sessions on SQLite, in ``control.db``, so that every web process knows them."""

from pathlib import Path

from shopwright.adapters.control_schema import open_control
from shopwright.core.types.access import Session

_COLUMNS = "token_hash, user, csrf, password_us, made_us, seen_us"


class SqliteSessions:
    """Who is signed in."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)

    def open(self, session: Session, *, made_after_us: int, seen_after_us: int) -> None:
        """Keep a session durably, and drop those that were made or last seen before these."""
        with self._file.transaction() as connection:
            connection.execute(
                "DELETE FROM sessions WHERE made_us < ? OR seen_us < ?",
                (made_after_us, seen_after_us),
            )
            connection.execute(
                f"INSERT INTO sessions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    session.token_hash,
                    session.user,
                    session.csrf,
                    session.password_us,
                    session.made_us,
                    session.seen_us,
                ),
            )

    def find(self, token_hash: bytes) -> Session | None:
        """Return a session, however old; None for one that was never opened or has ended."""
        rows = self._file.rows(
            f"SELECT {_COLUMNS} FROM sessions WHERE token_hash = ?", (token_hash,)
        )
        if not rows:
            return None
        found, user, csrf, password_us, made_us, seen_us = rows[0]
        return Session(
            token_hash=found,
            user=user,
            csrf=csrf,
            password_us=password_us,
            made_us=made_us,
            seen_us=seen_us,
        )

    def seen(self, token_hash: bytes, at_us: int) -> None:
        """Remember that a session was used."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE sessions SET seen_us = ? WHERE token_hash = ?", (at_us, token_hash)
            )

    def end(self, token_hash: bytes) -> bool:
        """End a session; say whether it was there."""
        with self._file.transaction() as connection:
            ended = connection.execute("DELETE FROM sessions WHERE token_hash = ?", (token_hash,))
            return ended.rowcount == 1

    def end_all(self, user: str) -> int:
        """End every session of a user; say how many there were."""
        with self._file.transaction() as connection:
            return connection.execute("DELETE FROM sessions WHERE user = ?", (user,)).rowcount

    def close(self) -> None:
        """Close the file."""
        self._file.close()
