"""R16: an upgrade of a file that is killed half-way is resumed, and a newer file is left alone.

A file of the first format is made with nothing but that format's statements, filled with rows, and
brought forward by a process that is killed behind each statement of each migration (in a soak,
also before each of its system calls).
"""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from counts import SOAKING
from survival import quick_folder
from syscalls import read_trace, strace_command

from shopwright.adapters import sqlite_file
from shopwright.adapters.control_schema import MIGRATIONS as CONTROL_MIGRATIONS
from shopwright.adapters.keys_schema import MIGRATIONS as KEY_MIGRATIONS
from shopwright.adapters.ledger_schema import MIGRATIONS as LEDGER_MIGRATIONS
from shopwright.adapters.log_consumers import MIGRATIONS as CONSUMER_MIGRATIONS
from shopwright.adapters.log_segments import MIGRATIONS as SEGMENT_MIGRATIONS
from shopwright.adapters.offline_duckdb import DuckDbOfflineStore
from shopwright.adapters.offline_manifest import Manifest, commit
from shopwright.adapters.online_lmdb import LmdbOnlineStore
from shopwright.adapters.sqlite_file import FileKind, Migration, open_database
from shopwright.core.errors import TooNew

ROWS = 25


class Kind(NamedTuple):
    file: FileKind
    module: str
    migrations: tuple[Migration, ...]


KINDS = {
    "control": Kind(sqlite_file.CONTROL, "control_schema", CONTROL_MIGRATIONS),
    "ledger": Kind(sqlite_file.LEDGER, "ledger_schema", LEDGER_MIGRATIONS),
    "keys": Kind(sqlite_file.KEYS, "keys_schema", KEY_MIGRATIONS),
    "segment": Kind(sqlite_file.LOG_SEGMENT, "log_segments", SEGMENT_MIGRATIONS),
    "consumers": Kind(sqlite_file.LOG_CONSUMERS, "log_consumers", CONSUMER_MIGRATIONS),
}
DEATHS = [
    (name, format_number, statement)
    for name, kind in KINDS.items()
    for format_number in range(1, len(kind.migrations))
    for statement in range(len(kind.migrations[format_number]) + 1)
]
DYING = """
import importlib, os, signal, sys
from pathlib import Path
from shopwright.adapters import sqlite_file

class DiesAfter(tuple):
    def __iter__(self):
        for number, statement in enumerate(super().__iter__()):
            if number == int(sys.argv[4]):
                os.kill(os.getpid(), signal.SIGKILL)
            yield statement
        if len(self) == int(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)

known = importlib.import_module("shopwright.adapters." + sys.argv[2]).MIGRATIONS
dying = int(sys.argv[3])
migrations = [DiesAfter(m) if n == dying else m for n, m in enumerate(known)]
kind = getattr(sqlite_file, sys.argv[5])
sqlite_file.open_database(Path(sys.argv[1]), kind, migrations).close()
"""
EACH_STATEMENT_ALONE = """
from shopwright.adapters import sqlite_file
def careless(connection, number, migration):
    for statement in migration:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {number + 1}")
sqlite_file._migrate = careless
"""
CONSTANTS = {
    "control": "CONTROL",
    "ledger": "LEDGER",
    "keys": "KEYS",
    "segment": "LOG_SEGMENT",
    "consumers": "LOG_CONSUMERS",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


def write_first_format(path: Path, kind: Kind) -> None:
    """Make the file as the first release made it, with rows in every table."""
    old = sqlite3.connect(path)
    for statement in kind.migrations[0]:
        old.execute(statement)
    for (table,) in old.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        if not table.startswith("sqlite_"):
            columns = old.execute(f"PRAGMA table_info({table})").fetchall()
            marks = ",".join("?" * len(columns))
            old.executemany(
                f"INSERT OR IGNORE INTO {table} VALUES ({marks})",
                [[_value(column[2], row) for column in columns] for row in range(1, ROWS + 1)],
            )
    old.execute(f"PRAGMA application_id = {kind.file.application_id}")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.execute("PRAGMA journal_mode = WAL")
    old.close()


def _value(declared: str, row: int) -> object:
    return {"INTEGER": row, "TEXT": f"text {row}"}.get(declared, b"\x80blob %d" % row)


def content(path: Path, kind: Kind) -> list[str]:
    """Bring the file forward; return everything in it as SQL."""
    file = open_database(path, kind.file, kind.migrations)
    assert file.number("PRAGMA user_version") == len(kind.migrations)
    assert file.rows("PRAGMA integrity_check") == [("ok",)]
    with file.snapshot() as connection:
        told = list(connection.iterdump())
    file.close()
    return told


def undisturbed(folder: Path, kind: Kind) -> list[str]:
    path = folder / "undisturbed.sqlite"
    if not path.exists():
        write_first_format(path, kind)
    return content(path, kind)


def dying(path: Path, name: str, format_number: int, statement: int) -> list[str]:
    kind = KINDS[name]
    numbers = [str(format_number), str(statement)]
    return [sys.executable, "-c", DYING, str(path), kind.module, *numbers, CONSTANTS[name]]


def test_r16_there_is_something_to_bring_forward() -> None:
    assert {name for name, _, _ in DEATHS} >= {"control", "ledger", "keys"}


@pytest.mark.parametrize(("name", "format_number", "statement"), DEATHS)
def test_r16_killed_at_any_statement_it_is_resumed(
    folder: Path, name: str, format_number: int, statement: int
) -> None:
    path = folder / "file.sqlite"
    write_first_format(path, KINDS[name])
    ran = subprocess.run(dying(path, name, format_number, statement), check=False)
    assert ran.returncode == -signal.SIGKILL
    expected = undisturbed(folder, KINDS[name])
    assert sum(line.startswith("INSERT") for line in expected) > ROWS
    assert content(path, KINDS[name]) == expected


def test_r16_notices_an_upgrade_that_is_not_one_transaction(folder: Path) -> None:
    path, name = folder / "file.sqlite", "control"
    write_first_format(path, KINDS[name])
    command = dying(path, name, 1, 3)
    command[2] = EACH_STATEMENT_ALONE + command[2]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        content(path, KINDS[name])


@pytest.mark.skipif(not SOAKING, reason="killed at every system call in `make soak` only")
@pytest.mark.parametrize("name", sorted({name for name, _, _ in DEATHS}))
def test_r16_killed_at_any_system_call_it_is_resumed(strace: str, folder: Path, name: str) -> None:
    kind, path, trace = KINDS[name], folder / "file.sqlite", folder / "trace"
    command = dying(path, name, 1, -1)
    write_first_format(path, kind)
    subprocess.run([*strace_command(trace), *command], check=True)
    counts: dict[str, int] = {}
    for call in read_trace(trace):
        counts[call.name] = counts.get(call.name, 0) + 1
    expected = undisturbed(folder, kind)
    for call, most in counts.items():
        for number in range(1, most + 1):
            for leftover in folder.glob("file.sqlite*"):
                leftover.unlink()
            write_first_format(path, kind)
            inject = ["-e", f"inject={call}:signal=KILL:when={number}"]
            subprocess.run([*strace_command(trace, *inject), *command], check=False)
            assert content(path, kind) == expected, (call, number)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_r16_an_older_program_leaves_a_newer_file_as_it_is(folder: Path, name: str) -> None:
    kind, path = KINDS[name], folder / "file.sqlite"
    write_first_format(path, kind)
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {len(kind.migrations) + 1}")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(TooNew, match="upgrade Shopwright"):
        open_database(path, kind.file, kind.migrations)
    assert path.read_bytes() == before
    assert [entry.name for entry in folder.iterdir()] == ["file.sqlite"]


def test_r16_a_newer_history_is_left_as_it_is(folder: Path) -> None:
    commit(folder, Manifest(number=1, through=7, files={}))
    path = folder / "manifest-1.json"
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))
    before = path.read_bytes()
    store = DuckDbOfflineStore(folder)
    with pytest.raises(TooNew):
        store.through()
    with pytest.raises(TooNew):
        store.write({}, {}, 8)
    assert path.read_bytes() == before
    assert [entry.name for entry in folder.iterdir()] == ["manifest-1.json"]


def test_r16_a_read_copy_of_another_format_is_emptied_to_be_made_again(folder: Path) -> None:
    import lmdb

    store = LmdbOnlineStore(folder / "online")
    store.put([], 5)
    store.close()
    environment = lmdb.open(str(folder / "online"))
    with environment.begin(write=True) as transaction:
        transaction.put(b"\0format", (99).to_bytes(8, "little"))
    environment.close()
    reader = LmdbOnlineStore(folder / "online", readonly=True)
    assert reader.through() == 0
    reader.close()
    store = LmdbOnlineStore(folder / "online")
    assert store.through() == 0
    store.close()
