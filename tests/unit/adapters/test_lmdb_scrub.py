"""Nothing of a forgotten entity is left in the file, in whatever page it lay; readers go on."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import lmdb
import numpy as np
import pytest
from counts import cases

from shopwright.adapters import lmdb_scrub
from shopwright.adapters.lmdb_scrub import _needed
from shopwright.adapters.online_lmdb import LmdbOnlineStore
from shopwright.core.errors import Busy, Damaged
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId

STORE, OTHER = StoreId("a.myshopify.com"), StoreId("b.myshopify.com")
VIEWS = ("customer", "customer_category")


def record(
    entity: Pseudonym, revision: int, state: bytes, view: str = "customer", store: StoreId = STORE
) -> PackedRecord:
    return PackedRecord(
        store_id=store,
        view=view,
        entity=entity,
        revision=revision,
        received_us=revision,
        state=state,
    )


class Life:
    """A store that lives for a while, and what a byte search must find in it or not."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = np.random.default_rng(seed)
        self.store = LmdbOnlineStore(folder, map_bytes=1 << 20)
        self.people = [Pseudonym(self.chance.bytes(16)) for _ in range(400)]
        self.alive: dict[tuple[StoreId, str, Pseudonym], PackedRecord] = {}
        self.revision = 0

    def write(self, people: Sequence[Pseudonym], bytes_max: int) -> None:
        """Write a record of each; its state begins with bytes that occur nowhere else."""
        self.revision += 1
        records = []
        for who in people:
            size = int(self.chance.integers(16, bytes_max))
            store = (STORE, OTHER)[int(self.chance.integers(4) == 0)]
            view = VIEWS[int(self.chance.integers(2))]
            records.append(record(who, self.revision, self.chance.bytes(size), view, store))
        self.store.put(records, self.revision)
        self.alive |= {(one.store_id, one.view, one.entity): one for one in records}

    def some(self, count: int) -> list[Pseudonym]:
        return [self.people[int(i)] for i in self.chance.integers(len(self.people), size=count)]

    def check(self, gone: Sequence[bytes]) -> None:
        content = (self.folder / "data.mdb").read_bytes()
        assert [needle.hex() for needle in gone if needle in content] == []
        for (store, view, who), one in self.alive.items():
            assert self.store.read(store, view, [who]) == {who: one}
        for store in (STORE, OTHER):
            for view in VIEWS:
                mine = sorted(at[2] for at in self.alive if at[:2] == (store, view))
                page = self.store.page(store, view, None, 10_000)
                assert [one.entity for one in page] == mine


@pytest.mark.parametrize("seed", range(cases(6, 200)))
def test_no_byte_is_left_of_whoever_is_forgotten(tmp_path: Path, seed: int) -> None:
    """Small and huge records, overwritten, moved between pages, split, merged and forgotten."""
    life = Life(tmp_path / "online.lmdb", seed)
    for _ in range(4):
        life.write(life.some(150), 500)
        life.write(life.some(30), 12_000)
        gone: list[bytes] = []
        for who in {*life.some(5)}:
            for store in (STORE, OTHER):
                gone += [
                    one.state[:16]
                    for at, one in life.alive.items()
                    if (at[0], at[2]) == (store, who)
                ]
                life.alive = {
                    at: one for at, one in life.alive.items() if (at[0], at[2]) != (store, who)
                }
                life.store.forget(store, who)
            gone.append(who)
        life.check(gone)
    # what the writer's own memory still held of them must not come back with later writes
    everybody = {bytes(at[2]) for at in life.alive}
    erased = [who for who in life.people if who not in everybody]
    life.write([who for who in life.people if who in everybody], 700)
    life.write(life.some(0), 700)
    life.check(erased)
    life.store.close()


def test_a_forgotten_store_leaves_no_byte_and_the_others_stay(tmp_path: Path) -> None:
    life = Life(tmp_path / "online.lmdb", 7)
    for _ in range(3):
        life.write(life.some(200), 3_000)
    gone = [one.state[:16] for at, one in life.alive.items() if at[0] == STORE]
    life.alive = {at: one for at, one in life.alive.items() if at[0] != STORE}
    life.store.forget(STORE, None)
    life.check([*gone, STORE.encode()])
    assert life.alive
    life.store.close()


READER = """
import sys
from pathlib import Path
from shopwright.adapters.online_lmdb import LmdbOnlineStore
store = LmdbOnlineStore(Path(sys.argv[1]), readonly=True)
people = [bytes([n]) * 16 for n in range(1, 200)]
reads = 0
print("reads", flush=True)
while store.through() < 1_000_000:
    found = store.read("a.myshopify.com", "customer", people)
    wrong = [who for who, one in found.items() if one.state != who * 40]
    missing = [who for who in people[100:] if who not in found]
    assert not wrong and not missing, (wrong, missing)
    reads += 1
print(reads, flush=True)
"""


def test_readers_in_other_processes_go_on_while_it_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "online.lmdb"
    writer = LmdbOnlineStore(folder, map_bytes=1 << 20)
    people = [Pseudonym(bytes([n]) * 16) for n in range(1, 200)]
    writer.put([record(who, 1, who * 40) for who in people], 1)
    command = [sys.executable, "-c", READER, str(folder)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reads\n"
    for revision, who in enumerate(people[:100], start=2):
        writer.forget(STORE, who)
        writer.put([record(one, revision, one * 40) for one in people[100::7]], revision)
    writer.put([], 1_000_000)
    said = [reader.communicate(timeout=60)[0] for reader in readers]
    assert [reader.returncode for reader in readers] == [0, 0]
    assert all(int(text) > 20 for text in said), said
    content = (folder / "data.mdb").read_bytes()
    assert not [who for who in people[:100] if bytes(who) in content]
    writer.close()


HOLDER = """
import sys, lmdb
environment = lmdb.open(sys.argv[1], readonly=True)
transaction = environment.begin()
print("holds", flush=True)
sys.stdin.read()
"""


def test_a_reader_of_an_older_state_is_waited_for_and_never_robbed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = Pseudonym(b"anna" * 4)
    store = LmdbOnlineStore(tmp_path)
    store.put([record(anna, 1, b"state of anna")], 1)
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    monkeypatch.setattr(lmdb_scrub, "READERS_SECONDS_MAX", 0.05)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holds\n"
        with pytest.raises(Busy, match="run the same command again"):
            store.forget(STORE, anna)
        assert store.read(STORE, "customer", [anna]) == {}
        assert b"state of anna" in (tmp_path / "data.mdb").read_bytes()
        holder.communicate(b"")
    store.forget(STORE, anna)
    assert b"state of anna" not in (tmp_path / "data.mdb").read_bytes()
    store.close()


KILLED = """
import os, sys
from pathlib import Path
from shopwright.adapters.online_lmdb import LmdbOnlineStore
store, number = LmdbOnlineStore(Path(sys.argv[1])), int(sys.argv[2])
real, written = os.pwrite, 0
def pwrite(handle, body, at):
    global written
    written += 1
    if written == number:
        real(handle, body[: len(body) // 2], at)
        os.kill(os.getpid(), 9)
    return real(handle, body, at)
os.pwrite = pwrite
for who in [bytes([n]) * 16 for n in range(1, 6)]:
    store.forget("a.myshopify.com", who)
"""


@pytest.mark.parametrize("number", range(1, cases(7, 40), 2))
def test_a_kill_between_any_two_overwritings_leaves_a_good_file(
    tmp_path: Path, number: int
) -> None:
    store = LmdbOnlineStore(tmp_path)
    people = [Pseudonym(bytes([n]) * 16) for n in range(1, 200)]
    for revision in (1, 2):
        store.put([record(who, revision, who * 40) for who in people], revision)
    store.close()
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(number)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    store = LmdbOnlineStore(tmp_path)
    for who in people[:5]:
        store.forget(STORE, who)
    found = store.read(STORE, "customer", people)
    assert found == {who: record(who, 2, who * 40) for who in people[5:]}
    content = (tmp_path / "data.mdb").read_bytes()
    assert not [who for who in people[:5] if bytes(who) in content]
    store.close()


def test_a_layout_that_is_not_known_is_left_alone(tmp_path: Path) -> None:
    """Another program's named database in the file: its pages must not be taken for free ones."""
    store = LmdbOnlineStore(tmp_path)
    store.put([record(Pseudonym(b"anna" * 4), 1, b"state")], 1)
    store.close()
    with lmdb.open(str(tmp_path), max_dbs=2) as environment:
        named = environment.open_db(b"named")
        with environment.begin(write=True, db=named) as transaction:
            transaction.put(b"key", b"value" * 10)
    store = LmdbOnlineStore(tmp_path)
    with pytest.raises(Damaged, match="the worker makes it again"):
        store.forget(STORE, Pseudonym(b"anna" * 4))
    store.close()
    with lmdb.open(str(tmp_path), max_dbs=2) as environment:
        named = environment.open_db(b"named")
        with environment.begin(db=named) as transaction:
            assert transaction.get(b"key") == b"value" * 10


def test_a_shortened_separator_parts_the_same_keys() -> None:
    chance = np.random.default_rng(3)
    for _ in range(5_000):
        left, right = sorted(
            bytes(chance.integers(0, 3, size=int(chance.integers(1, 8)), dtype=np.uint8))
            for _ in range(2)
        )
        if left == right:
            continue
        needed = _needed(left, right)
        for zeros in range(needed, len(right) + 1):
            shortened = right[:zeros] + bytes(len(right) - zeros)
            assert left < shortened <= right, (left, right, zeros)
