"""One open SQLite file: transactions that are all or nothing, errors that name the file.

A connection may be used from several threads; they take turns.
"""

import errno
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from shopwright.core.errors import Busy, Damaged

Row = tuple[Any, ...]

_PRIMARY_CODE = 0xFF
"""SQLite's extended result codes carry the primary code in their lowest byte."""


RESTORE = "restore it from a backup"
"""What to do about a damaged file that cannot be made again."""


class Database:
    """A file opened by ``open_database``; ``remedy`` says what to do when it is damaged."""

    def __init__(self, path: Path, connection: sqlite3.Connection, remedy: str = RESTORE) -> None:
        self.path = path
        self._remedy = remedy
        self._connection = connection
        self._turn = RLock()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write: on leaving, everything is on disk; on an error, nothing was changed."""
        with self._turn, explained(self.path, self._remedy):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors of the disk.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read: every query inside sees the file as it was at the first one."""
        with self._turn, explained(self.path, self._remedy):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of one query."""
        with self._turn, explained(self.path, self._remedy):
            return self._connection.execute(sql, parameters).fetchall()

    def rows_of_each(self, sql: str, many: Iterable[Sequence[Any]]) -> list[list[Row]]:
        """Return the rows of one query for each set of parameters, all of one snapshot."""
        with self.snapshot() as connection:
            return [connection.execute(sql, parameters).fetchall() for parameters in many]

    def number(self, sql: str, parameters: Sequence[Any] = ()) -> int | None:
        """Return the only value of a query that gives a number, NULL or no row."""
        rows = self.rows(sql, parameters)
        return None if not rows or rows[0][0] is None else int(rows[0][0])

    def version(self) -> int:
        """Return a number that changes when another connection has committed; costs 2 µs."""
        with self._turn, explained(self.path, self._remedy):
            found = self._connection.execute("PRAGMA data_version").fetchone()
            return int(found[0])

    def compact(self) -> None:
        """Write the whole file anew, so that nothing that was deleted stays in a gap of a page.

        ``secure_delete`` overwrites rows where they lay, not copies that SQLite left behind when it
        moved them to another page. Nobody else can write meanwhile; call ``erase_traces`` after it.
        """
        with self._turn, explained(self.path, self._remedy):
            self._connection.execute("VACUUM")

    def erase_traces(self) -> None:
        """Empty the write-ahead log, in which deleted rows can still be read.

        Raises Busy when another process is in the way for too long; what was deleted stays deleted,
        and calling again finishes it.
        """
        blocked = self.number("PRAGMA wal_checkpoint(TRUNCATE)")
        if blocked:
            raise Busy(
                f"{self.path}: the rows are deleted, but another process keeps the write-ahead log "
                "from being emptied; run the same command again"
            )

    def close(self) -> None:
        """Close the file; the last one to close it empties its write-ahead log."""
        with self._turn:
            self._connection.close()


@contextmanager
def explained(path: Path, remedy: str = RESTORE) -> Iterator[None]:
    """Turn SQLite's errors into ours: Damaged, Busy, or OSError, each with the file's name."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(error, path, remedy) from error


def _explain(error: sqlite3.Error, path: Path, remedy: str) -> Exception:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & _PRIMARY_CODE
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Damaged(f"{path}: the file is damaged ({error}); {remedy}")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(f"{path}: another process keeps writing to the file; try again")
    if code in _SYSTEM_ERRORS:
        return OSError(_SYSTEM_ERRORS[code], str(error), str(path))
    return error


_SYSTEM_ERRORS = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}
