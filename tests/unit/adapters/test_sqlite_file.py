"""Files say what they are, and are brought forward by migrations that survive being killed."""

import errno
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shopwright.adapters import sqlite_file
from shopwright.adapters.control_schema import MIGRATIONS as CONTROL_MIGRATIONS
from shopwright.adapters.keys_schema import MIGRATIONS as KEY_MIGRATIONS
from shopwright.adapters.ledger_schema import MIGRATIONS as LEDGER_MIGRATIONS
from shopwright.adapters.log_consumers import MIGRATIONS as CONSUMER_MIGRATIONS
from shopwright.adapters.log_segments import MIGRATIONS as SEGMENT_MIGRATIONS
from shopwright.adapters.sqlite_file import FileKind, Migration, open_database
from shopwright.core.errors import Damaged, TooNew

KIND = FileKind("list of parcels", 0x53570099)
FORMAT_1: Migration = (
    "CREATE TABLE parcels (id INTEGER PRIMARY KEY, sent_on TEXT NOT NULL, grams TEXT)",
)
FORMAT_2: Migration = (
    """CREATE TABLE parcels_2 (
        id INTEGER PRIMARY KEY, sent_on TEXT NOT NULL, milligrams INTEGER
    ) STRICT""",
    "INSERT INTO parcels_2 SELECT id, sent_on, CAST(grams AS INTEGER) * 1000 FROM parcels",
    "DROP TABLE parcels",
    "ALTER TABLE parcels_2 RENAME TO parcels",
    "CREATE INDEX parcels_by_day ON parcels (sent_on)",
)
OLD_ROWS = [(1, "2026-11-23", "20"), (2, "2026-11-24", None)]
NEW_ROWS = [(1, "2026-11-23", 20_000), (2, "2026-11-24", None)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "parcels.sqlite"


def write_old_file(path: Path) -> None:
    """A file as the first version wrote it, made with nothing but SQL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    old = sqlite3.connect(path)
    for statement in FORMAT_1:
        old.execute(statement)
    old.executemany("INSERT INTO parcels VALUES (?, ?, ?)", OLD_ROWS)
    old.execute(f"PRAGMA application_id = {KIND.application_id}")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.execute("PRAGMA journal_mode = WAL")
    old.close()


def test_a_new_file_is_made_whole_and_durable(path: Path) -> None:
    file = open_database(path, KIND, [FORMAT_1, FORMAT_2])
    assert file.number("PRAGMA application_id") == KIND.application_id
    assert file.number("PRAGMA user_version") == 2
    assert file.rows("PRAGMA journal_mode") == [("wal",)]
    assert file.number("PRAGMA synchronous") == 2  # FULL
    assert file.rows("SELECT * FROM parcels") == []
    file.close()
    assert [p.name for p in path.parent.iterdir()] == ["parcels.sqlite"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_of_the_first_format_is_brought_forward_with_its_rows(path: Path) -> None:
    write_old_file(path)
    file = open_database(path, KIND, [FORMAT_1, FORMAT_2])
    assert file.number("PRAGMA user_version") == 2
    assert file.rows("SELECT * FROM parcels ORDER BY id") == NEW_ROWS
    assert file.rows("SELECT name FROM sqlite_schema WHERE name LIKE 'parcels_%'") == [
        ("parcels_by_day",)
    ]
    file.close()


def test_a_file_opened_for_reading_is_brought_forward_too_and_refuses_writes(path: Path) -> None:
    write_old_file(path)
    file = open_database(path, KIND, [FORMAT_1, FORMAT_2], query_only=True)
    assert file.rows("SELECT * FROM parcels ORDER BY id") == NEW_ROWS
    with pytest.raises(OSError, match="readonly") as caught, file.transaction() as connection:
        connection.execute("DELETE FROM parcels")
    assert caught.value.errno == errno.EROFS
    file.close()


DYING = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_sqlite_file import FORMAT_1, FORMAT_2, KIND
from shopwright.adapters.sqlite_file import open_database

class DiesAfter(tuple):
    def __iter__(self):
        for number, statement in enumerate(super().__iter__()):
            if number == int(sys.argv[3]):
                os.kill(os.getpid(), signal.SIGKILL)
            yield statement
        os.kill(os.getpid(), signal.SIGKILL)

dying = int(sys.argv[4])
migrations = [DiesAfter(m) if n == dying else m for n, m in enumerate([FORMAT_1, FORMAT_2])]
open_database(Path(sys.argv[1]), KIND, migrations)
"""


def die_in(path: Path, migration: int, statement: int) -> None:
    here = str(Path(__file__).parent)
    ran = subprocess.run(
        [sys.executable, "-c", DYING, str(path), here, str(statement), str(migration)], check=False
    )
    assert ran.returncode == -signal.SIGKILL


@pytest.mark.parametrize("statement", range(len(FORMAT_2) + 1))
def test_a_migration_killed_at_any_statement_is_done_by_the_next_process(
    path: Path, statement: int
) -> None:
    write_old_file(path)
    die_in(path, 1, statement)
    left = sqlite3.connect(path)
    assert left.execute("PRAGMA user_version").fetchone() == (1,)
    assert left.execute("SELECT * FROM parcels ORDER BY id").fetchall() == OLD_ROWS
    left.close()
    file = open_database(path, KIND, [FORMAT_1, FORMAT_2])
    assert file.number("PRAGMA user_version") == 2
    assert file.rows("SELECT * FROM parcels ORDER BY id") == NEW_ROWS
    file.close()


@pytest.mark.parametrize("migration", [0, 1])
def test_a_process_killed_while_making_a_file_leaves_none(path: Path, migration: int) -> None:
    die_in(path, migration, 1)
    assert not path.exists()
    open_database(path, KIND, [FORMAT_1, FORMAT_2]).close()
    assert [p.name for p in path.parent.iterdir()] == ["parcels.sqlite"]


def test_a_failing_migration_changes_nothing(path: Path) -> None:
    write_old_file(path)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        open_database(path, KIND, [FORMAT_1, (*FORMAT_2, "DROP TABLE nowhere")])
    file = open_database(path, KIND, [FORMAT_1])
    assert file.rows("SELECT * FROM parcels ORDER BY id") == OLD_ROWS
    file.close()


def test_a_later_format_is_refused_and_left_alone(path: Path) -> None:
    open_database(path, KIND, [FORMAT_1, FORMAT_2]).close()
    before = path.read_bytes()
    with pytest.raises(TooNew, match=r"this list of parcels has format 2.*up to 1"):
        open_database(path, KIND, [FORMAT_1])
    assert path.read_bytes() == before


def test_a_file_of_another_kind_is_refused(path: Path) -> None:
    open_database(path, FileKind("other", 0x53570098), [FORMAT_1]).close()
    with pytest.raises(Damaged, match="not a list of parcels"):
        open_database(path, KIND, [FORMAT_1])


@pytest.mark.parametrize("content", [b"", b"text " * 1_000], ids=["empty", "text"])
def test_what_is_no_database_is_refused_and_not_overwritten(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Damaged, match=r"parcels\.sqlite"):
        open_database(path, KIND, [FORMAT_1])
    assert path.read_bytes() == content


def test_a_write_ahead_log_without_its_file_is_not_replayed_into_a_new_one(path: Path) -> None:
    path.parent.mkdir()
    path.with_name("parcels.sqlite-wal").write_bytes(b"frames of a lost file")
    with pytest.raises(Damaged, match=r"write-ahead log parcels\.sqlite-wal"):
        open_database(path, KIND, [FORMAT_1])
    assert not path.exists()


def test_a_missing_file_is_not_made_when_that_is_not_wanted(path: Path) -> None:
    with pytest.raises(OSError, match="unable to open") as caught:
        open_database(path, KIND, [FORMAT_1], make=False)
    assert caught.value.filename == str(path)
    assert not path.parent.exists()


OPENER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_sqlite_file import FORMAT_1, FORMAT_2, KIND
from shopwright.adapters.sqlite_file import open_database
file = open_database(Path(sys.argv[1]), KIND, [FORMAT_1, FORMAT_2])
with file.transaction() as connection:
    connection.execute("INSERT INTO parcels (sent_on) VALUES ('x')")
file.close()
"""


@pytest.mark.parametrize("there_already", [False, True])
def test_processes_that_start_together_make_or_migrate_a_file_once(
    path: Path, there_already: bool
) -> None:
    if there_already:
        write_old_file(path)
    command = [sys.executable, "-c", OPENER, str(path), str(Path(__file__).parent)]
    running = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait() for process in running] == [0, 0, 0, 0]
    file = open_database(path, KIND, [FORMAT_1, FORMAT_2])
    assert file.number("SELECT count(*) FROM parcels WHERE sent_on = 'x'") == 4
    assert file.number("SELECT count(*) FROM parcels") == (6 if there_already else 4)
    file.close()


@pytest.mark.parametrize(
    ("kind", "migrations"),
    [
        (sqlite_file.LOG_SEGMENT, SEGMENT_MIGRATIONS),
        (sqlite_file.LOG_CONSUMERS, CONSUMER_MIGRATIONS),
        (sqlite_file.LEDGER, LEDGER_MIGRATIONS),
        (sqlite_file.KEYS, KEY_MIGRATIONS),
        (sqlite_file.CONTROL, CONTROL_MIGRATIONS),
    ],
)
def test_every_file_of_ours_can_be_made_and_is_sound(
    path: Path, kind: FileKind, migrations: tuple[Migration, ...]
) -> None:
    file = open_database(path, kind, migrations)
    assert file.rows("PRAGMA integrity_check") == [("ok",)]
    assert file.number("PRAGMA user_version") == len(migrations)
    file.close()
