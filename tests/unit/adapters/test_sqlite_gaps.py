"""What SQLite leaves in the gaps of its pages when it moves rows is overwritten, and nothing else.

The files are those that hold people: wide and narrow rows, indexes, rows longer than a page.
"""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from counts import cases

from shopwright.adapters import page_gaps
from shopwright.adapters.sqlite_file import FileKind, open_database
from shopwright.adapters.sqlite_gaps import changed_since, erase_gaps
from shopwright.core.errors import Busy, Damaged

KIND = FileKind("thing of a test", 0x53570099)
TABLES = (
    (
        "CREATE TABLE narrow (who BLOB, said BLOB, PRIMARY KEY (who)) STRICT, WITHOUT ROWID",
        "CREATE TABLE wide (id INTEGER PRIMARY KEY, who BLOB, said BLOB) STRICT",
        "CREATE INDEX wide_of ON wide (who)",
    ),
)
every_seed = pytest.mark.parametrize("seed", range(cases(2, 60)), ids=lambda seed: f"seed-{seed}")


class Book:
    """A file with two tables, in which people come and go."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.file = open_database(path, KIND, TABLES, secure_delete=True)
        self.rng = np.random.default_rng([seed, 77])
        self.alive: list[tuple[bytes, bytes]] = []
        self.gone: list[tuple[bytes, bytes]] = []

    def live(self, rounds: int) -> None:
        """Let people come, grow as a document that more is told of, and go."""
        for _ in range(rounds):
            new = [(self.rng.bytes(16), self._said()) for _ in range(int(self.rng.integers(5, 30)))]
            with self.file.transaction() as connection:
                connection.executemany("INSERT INTO narrow VALUES (?, substr(?, 1, 60))", new)
                connection.executemany("INSERT INTO wide (who, said) VALUES (?, ?)", new)
                self.alive += new
                for number in self.rng.integers(len(self.alive), size=20).tolist():
                    who, said = self.alive[number]
                    said += self.rng.bytes(int(self.rng.integers(20, 200)))
                    self.alive[number] = who, said
                    connection.execute("UPDATE wide SET said = ? WHERE who = ?", (said, who))
            going = [self.alive.pop(int(self.rng.integers(len(self.alive)))) for _ in range(4)]
            with self.file.transaction() as connection:
                for table in ("narrow", "wide"):
                    connection.executemany(
                        f"DELETE FROM {table} WHERE who = ?", [(who,) for who, _ in going]
                    )
            self.gone += going

    def live_until_traced(self) -> None:
        """Live until somebody who went can be found, in the file alone."""
        for _ in range(50):
            self.live(5)
            self.file.erase_traces()
            if self.traces(newest=16):
                return
        raise AssertionError("SQLite leaves nothing any more; then all this can go")

    def _said(self) -> bytes:
        return self.rng.bytes(int(self.rng.choice([60, 200, 900, 9_000], p=[0.5, 0.3, 0.15, 0.05])))

    def traces(self, newest: int = 0) -> list[bytes]:
        """Return what of anybody who went can be read in the file or its write-ahead log.

        Read by another process: closing a file here would take SQLite's locks on it away.
        """
        files = [str(self.path), f"{self.path}-wal"]
        content = subprocess.run(["cat", *files], capture_output=True, check=False).stdout
        assert len(content) > 10_000
        asked = self.gone[-newest:]
        return [who for who, said in asked if who in content or said[:60] in content]

    def check(self) -> None:
        """Everybody who stayed is there, and the file is whole."""
        with closing(sqlite3.connect(self.path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            found = connection.execute("SELECT who, said FROM wide ORDER BY who").fetchall()
            short = connection.execute("SELECT who, said FROM narrow ORDER BY who").fetchall()
        assert found == sorted(self.alive)
        assert short == sorted((who, said[:60]) for who, said in self.alive)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a book?#.db"


@every_seed
def test_s21_of_whoever_went_nothing_is_left_and_of_the_others_everything(
    path: Path, seed: int
) -> None:
    book = Book(path, seed)
    found = 0
    for _ in range(4):
        book.live(60)
        book.file.erase_traces()
        found += len(book.traces())
        erase_gaps([path])
        assert book.traces() == [], f"seed {seed}"
        book.check()
    assert found > 0, "without it there is something to find, or this proves nothing"


def test_old_gaps_in_somebodys_memory_do_not_come_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two others read every page into memory at the worst instant: just before the gaps go."""
    book = Book(path, 1)
    book.live_until_traced()
    other = open_database(path, KIND, TABLES, secure_delete=True)
    really = page_gaps._erase_pages

    def erased_behind_their_backs(handle: int) -> int:
        for file in (book.file, other):
            for table in ("narrow", "wide"):
                file.rows(f"SELECT * FROM {table}")
        return really(handle)

    monkeypatch.setattr(page_gaps, "_erase_pages", erased_behind_their_backs)
    assert page_gaps.erase(str(path), 5.0) > 0
    for number, file in enumerate((book.file, other)):
        with file.transaction() as connection:  # makes each leaf dirty, so that it is written whole
            for who, said in book.alive:
                other_bit = bytes([said[0] ^ 1]) + said[1:]
                for text in (other_bit, said):
                    connection.execute("UPDATE wide SET said = ? WHERE who = ?", (text, who))
                    connection.execute("UPDATE narrow SET said = ? WHERE who = ?", (text[:60], who))
        assert book.traces() == [], f"connection {number}"
    other.close()
    book.check()


WRITER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
print("ready", flush=True)
number = 0
while True:
    connection.execute("BEGIN IMMEDIATE")
    new = (b"%016d" % number, b"x" * 700)
    connection.execute("INSERT INTO wide (who, said) VALUES (?, ?)", new)
    connection.execute("COMMIT")
    number += 1
    print(number, flush=True)
"""


@pytest.fixture
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    Book(path, 2).live(40)
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_a_process_that_writes_on_loses_nothing(path: Path, writer: subprocess.Popen[str]) -> None:
    for _ in range(cases(4, 100)):
        erase_gaps([path])
    time.sleep(0.05)
    writer.kill()
    assert writer.stdout is not None
    said = int(writer.stdout.read().split()[-1])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (kept,) = connection.execute(
            "SELECT count(*) FROM wide WHERE length(said) = 700"
        ).fetchone()
    assert said > 20
    assert kept >= said


def test_killed_anywhere_it_has_harmed_nothing_and_is_finished_by_the_next(path: Path) -> None:
    book = Book(path, 3)
    book.live_until_traced()
    program = [sys.executable, "-I", "-S", page_gaps.__file__, "5", str(path)]
    for number in range(cases(8, 100)):
        with subprocess.Popen(program) as process:
            time.sleep(0.02 + 0.002 * (number % 10))
            process.kill()
        book.check()
    erase_gaps([path])
    assert book.traces() == []
    book.check()


def test_a_reader_in_the_way_is_said_and_the_same_call_finishes_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopwright.adapters.sqlite_gaps.BUSY_SECONDS", 0.05)
    book = Book(path, 4)
    book.live_until_traced()
    reader = open_database(path, KIND, TABLES)
    with reader.snapshot() as connection:
        connection.execute("SELECT count(*) FROM wide").fetchall()
        book.live(5)
        with pytest.raises(Busy, match="run the same command again"):
            erase_gaps([path])
    with book.file.transaction(), pytest.raises(Busy):
        erase_gaps([path])
    reader.close()
    erase_gaps([path])
    assert book.traces() == []


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    for name, content in (("text", b"no database at all" * 300), ("short", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Damaged, match=name):
            erase_gaps([tmp_path / name])
        assert (tmp_path / name).read_bytes() == content
    with closing(sqlite3.connect(tmp_path / "pointing")) as connection:
        connection.execute("PRAGMA auto_vacuum = FULL")
        connection.execute("CREATE TABLE t (a)")
    before = (tmp_path / "pointing").read_bytes()
    with pytest.raises(Damaged, match="point back"):
        erase_gaps([tmp_path / "pointing"])
    assert (tmp_path / "pointing").read_bytes() == before
    with pytest.raises(Damaged, match="absent"):
        erase_gaps([tmp_path / "absent"])
    erase_gaps([])


def test_only_files_written_since_are_walked(tmp_path: Path) -> None:
    names = ["keys.db", "control.db", "ledger/00.sqlite", "log/web-0/2026-11-20.sqlite"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    day = 86_400
    os.utime(tmp_path / names[3], (10 * day, 10 * day))
    found = changed_since(tmp_path, 12 * day * 1_000_000)
    assert {path.relative_to(tmp_path).as_posix() for path in found} == set(names[:3])
    assert len(changed_since(tmp_path, 10 * day * 1_000_000)) == 4
