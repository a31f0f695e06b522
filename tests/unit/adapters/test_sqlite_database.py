"""Transactions are all or nothing, wait for each other, and do not disturb readers."""

import threading
from pathlib import Path

import pytest

from shopwright.adapters import sqlite_file
from shopwright.adapters.sqlite_file import FileKind, open_database
from shopwright.core.errors import Busy

KIND = FileKind("list of parcels", 0x53570099)
FORMAT_1 = ("CREATE TABLE parcels (id INTEGER PRIMARY KEY, sent_on TEXT NOT NULL, grams TEXT)",)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "parcels.sqlite"


def test_an_error_inside_a_transaction_undoes_it(path: Path) -> None:
    file = open_database(path, KIND, [FORMAT_1])

    def change_my_mind() -> None:
        with file.transaction() as connection:
            connection.execute("INSERT INTO parcels (sent_on) VALUES ('x')")
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        change_my_mind()
    assert file.number("SELECT count(*) FROM parcels") == 0
    with file.transaction() as connection:
        connection.execute("INSERT INTO parcels (sent_on) VALUES ('y')")
    assert file.number("SELECT count(*) FROM parcels") == 1
    file.close()


def test_a_file_that_is_written_for_too_long_is_busy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    one, two = (open_database(path, KIND, [FORMAT_1]) for _ in range(2))
    with one.transaction():
        with pytest.raises(Busy, match=r"parcels\.sqlite"), two.transaction():
            pass
        with pytest.raises(Busy, match="run the same command again"):
            two.erase_traces()
    two.erase_traces()
    one.close()
    two.close()


def test_threads_that_share_a_file_take_turns(path: Path) -> None:
    file = open_database(path, KIND, [FORMAT_1])

    def insert_many() -> None:
        for _ in range(30):
            with file.transaction() as connection:
                (before,) = connection.execute("SELECT count(*) FROM parcels").fetchone()
                connection.execute("INSERT INTO parcels VALUES (?, 'x', NULL)", (before + 1,))

    threads = [threading.Thread(target=insert_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.number("SELECT max(id) FROM parcels") == 120
    file.close()


def test_a_snapshot_does_not_see_what_another_writes_meanwhile(path: Path) -> None:
    reader, writer = (open_database(path, KIND, [FORMAT_1]) for _ in range(2))
    before = reader.version()
    with reader.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM parcels").fetchone() == (0,)
        with writer.transaction() as other:
            other.execute("INSERT INTO parcels (sent_on) VALUES ('x')")
        assert connection.execute("SELECT count(*) FROM parcels").fetchone() == (0,)
    assert reader.number("SELECT count(*) FROM parcels") == 1
    assert reader.version() != before
    reader.close()
    writer.close()
