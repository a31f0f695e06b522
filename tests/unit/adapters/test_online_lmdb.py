"""LMDB's own duties: growing, formats, many processes, and death in the middle of a write."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import lmdb
import pytest

from shopwright.adapters.online_lmdb import FORMAT, LmdbOnlineStore
from shopwright.core.errors import BadInput, NotReady
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId

STORE = StoreId("a.myshopify.com")
ANNA, BEN = Pseudonym(b"a" * 16), Pseudonym(b"b" * 16)


def _record(entity: Pseudonym, revision: int, state: bytes = b"\1") -> PackedRecord:
    return PackedRecord(
        store_id=STORE,
        view="customer",
        entity=entity,
        revision=revision,
        received_us=revision,
        state=state,
    )


READER = """
import sys
from pathlib import Path
from shopwright.adapters.online_lmdb import LmdbOnlineStore
store = LmdbOnlineStore(Path(sys.argv[1]), readonly=True)
for line in sys.stdin:
    found = store.read("a.myshopify.com", "customer", [b"a" * 16, b"b" * 16])
    sizes = [len(one.state) for one in found.values()]
    print(store.through(), len(found), sum(sizes), flush=True)
"""


class _Reader:
    """Another process that reads the store whenever it is asked to."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self) -> tuple[int, int, int]:
        """Return (through, records found, bytes of state)."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        through, found, size = self.process.stdout.readline().split()
        return int(through), int(found), int(size)

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


def test_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    first = LmdbOnlineStore(tmp_path)
    first.put([_record(ANNA, 4)], through=4)
    first.close()
    second = LmdbOnlineStore(tmp_path)
    assert second.read(STORE, "customer", [ANNA]) == {ANNA: _record(ANNA, 4)}
    assert second.through() == 4
    second.close()


def test_the_map_grows_as_often_as_it_must_and_loses_nothing(tmp_path: Path) -> None:
    store = LmdbOnlineStore(tmp_path, map_bytes=1 << 16)
    people = [Pseudonym(i.to_bytes(16, "big")) for i in range(3_000)]
    store.put([_record(person, 1, bytes(300)) for person in people[:1_500]], through=1)
    store.put([_record(person, 2, bytes(300)) for person in people], through=2)
    assert {one.revision for one in store.read(STORE, "customer", people).values()} == {2}
    assert store.through() == 2
    store.close()


def test_readers_in_other_processes_follow_a_writer_whose_map_grows(tmp_path: Path) -> None:
    folder = tmp_path / "online.lmdb"
    readers = [_Reader(folder) for _ in range(2)]
    try:
        assert [reader.ask() for reader in readers] == [(0, 0, 0)] * 2  # nothing is there yet
        writer = LmdbOnlineStore(folder, map_bytes=1 << 16)
        for revision, size in enumerate((10, 200_000, 3_000_000), start=1):
            writer.put([_record(ANNA, revision, bytes(size))], through=revision)
            assert [reader.ask() for reader in readers] == [(revision, 1, size)] * 2
        writer.forget(STORE, ANNA)
        assert [reader.ask() for reader in readers] == [(3, 0, 0)] * 2
        writer.close()
    finally:
        for reader in readers:
            reader.close()


HOLDER = """
import sys, lmdb
environment = lmdb.open(sys.argv[1], readonly=True)
transaction = environment.begin()
print("holds", flush=True)
sys.stdin.read()
"""


def test_a_reader_that_was_killed_does_not_stay_in_the_way(tmp_path: Path) -> None:
    writer = LmdbOnlineStore(tmp_path)
    writer.put([_record(ANNA, 1)], through=1)
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holds\n"
        assert str(holder.pid) in writer._environment.readers()
        holder.kill()
        holder.wait(20)
        assert str(holder.pid) in writer._environment.readers()
        writer.put([], through=2)
        assert str(holder.pid) not in writer._environment.readers()
    writer.close()


WRITER = """
import sys
from pathlib import Path
from shopwright.adapters.online_lmdb import LmdbOnlineStore
from shopwright.core.types.feature import PackedRecord
store = LmdbOnlineStore(Path(sys.argv[1]))
for revision in range(1, 1_000_000):
    store.put(
        [
            PackedRecord(store_id="a.myshopify.com", view="customer", entity=bytes([i]) * 16,
                         revision=revision, received_us=0, state=bytes(50))
            for i in range(40)
        ],
        through=revision,
    )
    print(revision, flush=True)
"""


def test_a_writer_that_is_killed_leaves_whole_transactions(tmp_path: Path) -> None:
    people = [Pseudonym(bytes([i]) * 16) for i in range(40)]
    for killed_after in (1, 7, 23):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(killed_after):
            told = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
        process.stdout.close()
        store = LmdbOnlineStore(tmp_path)
        revisions = {one.revision for one in store.read(STORE, "customer", people).values()}
        assert store.through() >= told
        assert revisions == {store.through()}
        store.close()


def test_a_store_of_another_format_is_emptied_to_be_made_again(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path)) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"\0format", (FORMAT + 1).to_bytes(8, "little"))
        transaction.put(b"\0through", (99).to_bytes(8, "little"))
        transaction.put(b"a.myshopify.com\0customer\0" + ANNA, b"of another format")
    reader = LmdbOnlineStore(tmp_path, readonly=True)
    assert reader.read(STORE, "customer", [ANNA]) == {}
    assert reader.through() == 0
    reader.close()
    writer = LmdbOnlineStore(tmp_path)
    assert writer.through() == 0
    assert writer.read(STORE, "customer", [ANNA]) == {}
    writer.put([_record(ANNA, 1)], through=1)
    assert list(writer.read(STORE, "customer", [ANNA])) == [ANNA]
    writer.close()


def test_a_file_that_is_no_lmdb_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"not a database" * 1_000)
    reader = LmdbOnlineStore(tmp_path, readonly=True)
    assert reader.through() == 0
    reader.close()
    writer = LmdbOnlineStore(tmp_path)
    writer.put([_record(BEN, 1)], through=1)
    assert list(writer.read(STORE, "customer", [ANNA, BEN])) == [BEN]
    writer.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    reader = LmdbOnlineStore(tmp_path / "online.lmdb", readonly=True)
    with pytest.raises(BadInput, match="only the worker writes"):
        reader.put([], through=1)
    with pytest.raises(BadInput, match="only the worker writes"):
        reader.forget(STORE, ANNA)
    assert not (tmp_path / "online.lmdb").exists()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = LmdbOnlineStore(tmp_path)
    store.close()
    store.close()
    with pytest.raises(NotReady, match="was closed"):
        store.read(STORE, "customer", [ANNA])
    with pytest.raises(NotReady, match="was closed"):
        store.put([], through=1)
