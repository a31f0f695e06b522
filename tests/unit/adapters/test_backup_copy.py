"""A file is copied as it is at one instant, however much is written meanwhile."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from shopwright.adapters import backup_copy
from shopwright.adapters.backup_copy import check_integrity, copy_sqlite, settled_digest
from shopwright.core.errors import Damaged

SECONDS_MAX = 20.0
ROWS = 8_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE pair (one BLOB, other BLOB)")
        rows = [(b"%3d" % number * 300, b"%3d" % number * 300) for number in range(ROWS)]
        connection.executemany("INSERT INTO pair VALUES (?, ?)", rows)
        connection.commit()
    return path


def test_a_busy_writer_neither_waits_nor_keeps_the_copy_from_its_end(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that began anew at every commit would end only when the writer does."""
    monkeypatch.setattr(backup_copy, "PAGES_A_STEP", 1)
    stop, ready = threading.Event(), threading.Event()
    commits = 0

    def write() -> None:
        nonlocal commits
        until = monotonic() + SECONDS_MAX
        with closing(sqlite3.connect(source, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            while not stop.is_set() and monotonic() < until:
                sql = "UPDATE pair SET one = ?1, other = ?1 WHERE rowid = ?2"
                connection.execute(sql, (b"%8d" % commits * 100, commits % ROWS + 1))
                commits += 1
                ready.set()

    writer = threading.Thread(target=write)
    writer.start()
    ready.wait()
    before = commits
    try:
        copy_sqlite(source, tmp_path / "copy.sqlite")
        assert writer.is_alive(), "the copy ended only after the writer"
        assert commits > before, "the writer waited for the copy"
    finally:
        stop.set()
        writer.join()
    check_integrity(tmp_path / "copy.sqlite")
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT count(*), sum(one != other) FROM pair").fetchone() == (ROWS, 0)


def test_a_file_whose_log_holds_more_is_not_called_settled(source: Path) -> None:
    assert settled_digest(source) is not None
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("DELETE FROM pair WHERE rowid = 1")
        assert settled_digest(source) is None
    assert settled_digest(source) is not None


def test_a_source_that_is_gone_or_no_database_makes_no_copy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        copy_sqlite(tmp_path / "none", tmp_path / "copy")
    (tmp_path / "text").write_text("no database at all, but long enough to look like one" * 9)
    with pytest.raises(Damaged):
        copy_sqlite(tmp_path / "text", tmp_path / "copy")
