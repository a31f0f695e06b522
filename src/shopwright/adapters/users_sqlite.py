"""Users on SQLite, in ``control.db``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shopwright.adapters.control_schema import open_control
from shopwright.core.types.access import User
from shopwright.core.types.identity import StoreId

_COLUMNS = "name, role, stores, password, password_us, made_us"


class SqliteUsers:
    """The people who may sign in, by name."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)

    def add(self, user: User) -> bool:
        """Add a user durably; False, and no change, when the name is taken."""
        with self._file.transaction() as connection:
            added = connection.execute(
                f"INSERT INTO users ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                _row(user),
            )
            return added.rowcount == 1

    def get(self, name: str) -> User | None:
        """Return a user; None for a name that nobody has."""
        rows = self._file.rows(f"SELECT {_COLUMNS} FROM users WHERE name = ?", (name,))
        return _user(rows[0]) if rows else None

    def all(self) -> Sequence[User]:
        """Return every user, by name."""
        return tuple(map(_user, self._file.rows(f"SELECT {_COLUMNS} FROM users ORDER BY name")))

    def change(self, user: User) -> bool:
        """Replace all that is known of a user; False when the name is not there."""
        name, *rest = _row(user)
        with self._file.transaction() as connection:
            changed = connection.execute(
                "UPDATE users SET role = ?, stores = ?, password = ?, password_us = ?, made_us = ? "
                "WHERE name = ?",
                (*rest, name),
            )
            return changed.rowcount == 1

    def remove(self, name: str) -> bool:
        """Remove a user; say whether the name was there."""
        with self._file.transaction() as connection:
            return connection.execute("DELETE FROM users WHERE name = ?", (name,)).rowcount == 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _row(user: User) -> tuple[Any, ...]:
    stores = None if user.stores is None else " ".join(sorted(user.stores))
    return user.name, user.role, stores, user.password, user.password_us, user.made_us


def _user(row: tuple[Any, ...]) -> User:
    name, role, stores, password, password_us, made_us = row
    return User(
        name=name,
        role=role,
        stores=None if stores is None else frozenset(map(StoreId, stores.split())),
        password=password,
        password_us=password_us,
        made_us=made_us,
    )
