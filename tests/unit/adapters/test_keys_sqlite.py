"""What keys and secrets in files add to their contracts: wrapping, other processes, traces."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.adapters.secrets_sqlite import SqliteSecrets
from shopwright.core.errors import Damaged, Erased
from shopwright.core.types.identity import Pseudonym, StoreId

MASTER = bytes(range(32))
STORE = StoreId("a.myshopify.com")
ANNA, BEN = Pseudonym(b"anna" * 4), Pseudonym(b"ben!" * 4)
SUBJECTS = {ANNA: ("customer", "the-id-of-anna"), BEN: ("customer", "the-id-of-ben")}
Open = Callable[..., SqliteKeys]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


@pytest.fixture
def open_keys(path: Path) -> Iterator[Open]:
    with ExitStack() as opened:

        def opener(master: bytes = MASTER, **others: object) -> SqliteKeys:
            keys = SqliteKeys(path, master, **others)  # type: ignore[arg-type]
            opened.callback(keys.close)
            return keys

        yield opener


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def test_keys_outlive_the_process(open_keys: Open) -> None:
    keys = open_keys()
    store_key, made = keys.store_key(STORE), keys.seal_keys(STORE, SUBJECTS)
    keys.close()
    again = open_keys()
    assert again.store_key(STORE) == store_key
    assert again.open_keys(STORE, [ANNA, BEN]) == made
    assert again.reveal(STORE, [ANNA]) == {ANNA: "the-id-of-anna"}


def test_neither_keys_nor_original_ids_lie_open_in_the_file(open_keys: Open, path: Path) -> None:
    keys = open_keys()
    hidden = [keys.store_key(STORE), *keys.seal_keys(STORE, SUBJECTS).values(), b"the-id-of-anna"]
    stored = bytes_on_disk(path)
    assert not [secret for secret in hidden if secret in stored]


def test_a_wrong_master_key_is_said_at_once_and_where_it_came_from(open_keys: Open) -> None:
    open_keys().close()
    with pytest.raises(Damaged, match=r"keys\.db.* does not open .* of /etc/shop\.key.* key file"):
        open_keys(bytes(32), key_from="/etc/shop.key")


def test_a_key_moved_to_another_row_does_not_open(open_keys: Open) -> None:
    keys = open_keys()
    keys.seal_keys(STORE, SUBJECTS)
    with keys._file.transaction() as connection:
        connection.execute(
            "UPDATE subject_keys SET wrapped = "
            "(SELECT wrapped FROM subject_keys WHERE subject = ?)",
            (BEN,),
        )
    keys.close()
    with pytest.raises(Damaged, match=r"keys\.db.*subject key does not open"):
        open_keys().open_keys(STORE, [ANNA])


def test_a_destroyed_key_leaves_no_trace_in_the_files(open_keys: Open, path: Path) -> None:
    keys = open_keys()
    keys.seal_keys(STORE, SUBJECTS)
    ((wrapped, original),) = keys._file.rows(
        "SELECT wrapped, original FROM subject_keys WHERE subject = ?", (ANNA,)
    )
    assert all(secret in bytes_on_disk(path) for secret in (wrapped, original, ANNA))
    keys.forget(STORE, ANNA)
    left = bytes_on_disk(path)
    assert not [secret for secret in (wrapped, original, ANNA) if secret in left]
    assert bytes(BEN) in left
    keys.close()
    assert open_keys().seal_keys(STORE, {ANNA: SUBJECTS[ANNA]}) == {}


def test_a_destroyed_store_leaves_no_key_in_the_files(open_keys: Open, path: Path) -> None:
    keys = open_keys()
    keys.store_key(STORE)
    keys.seal_keys(STORE, SUBJECTS)
    wrapped = keys._file.rows(
        "SELECT wrapped FROM store_keys UNION SELECT wrapped FROM subject_keys"
    )
    keys.forget(STORE, None)
    left = bytes_on_disk(path)
    assert not [row for row in wrapped if row[0] in left]


def test_an_erasure_is_noticed_by_the_others_that_hold_the_key(open_keys: Open) -> None:
    web, command_line = open_keys(), open_keys()
    made = web.seal_keys(STORE, SUBJECTS)
    assert command_line.forget(STORE, ANNA) is True
    assert web.open_keys(STORE, [ANNA, BEN]) == {BEN: made[BEN]}
    assert web.seal_keys(STORE, SUBJECTS) == {BEN: made[BEN]}


def test_a_destroyed_store_is_noticed_by_the_others(open_keys: Open) -> None:
    web, command_line = open_keys(), open_keys()
    web.store_key(STORE)
    command_line.forget(STORE, None)
    assert web.seal_keys(STORE, SUBJECTS) == {}
    with pytest.raises(Erased):
        web.store_key(STORE)


def test_new_keys_of_others_do_not_empty_the_memory(open_keys: Open) -> None:
    one, two = open_keys(), open_keys()
    one.seal_keys(STORE, {ANNA: SUBJECTS[ANNA]})
    two.seal_keys(STORE, {BEN: SUBJECTS[BEN]})
    one.open_keys(STORE, [])
    assert len(one._cache) == 1


def test_the_keys_in_memory_are_bounded(open_keys: Open) -> None:
    keys = open_keys(cached_keys_max=10)
    many = {Pseudonym(n.to_bytes(16, "big")): ("order", str(n)) for n in range(50)}
    made = keys.seal_keys(STORE, many)
    assert len(keys._cache) == 10
    assert keys.open_keys(STORE, list(many)) == made
    assert len(keys._cache) == 10


def test_a_key_in_memory_is_not_unwrapped_again(
    open_keys: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = open_keys()
    made = keys.seal_keys(STORE, SUBJECTS)
    monkeypatch.setattr(keys._wrapping, "unwrap", lambda *_: pytest.fail("unwrapped"))
    assert keys.open_keys(STORE, [ANNA, BEN]) == made


def test_a_known_store_key_waits_for_nobody(open_keys: Open) -> None:
    """It is asked for on the event loop while a batch is being written in another thread."""
    keys = open_keys()
    key = keys.store_key(STORE)
    found: list[bytes] = []
    with keys._turn, keys._file.transaction():
        asking = threading.Thread(target=lambda: found.append(keys.store_key(STORE)))
        asking.start()
        asking.join(timeout=5)
        assert found == [key]


MAKER = """
import sys
from pathlib import Path
from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.core.types.identity import Pseudonym, StoreId
keys = SqliteKeys(Path(sys.argv[1]), bytes(range(32)))
print(keys.store_key(StoreId("a.myshopify.com")).hex())
for first in range(0, 200, 10):
    subjects = {
        Pseudonym(n.to_bytes(16, "big")): ("order", str(n)) for n in range(first, first + 15)
    }
    for who, key in keys.seal_keys(StoreId("a.myshopify.com"), subjects).items():
        print(who.hex(), key.hex())
keys.close()
"""


def test_processes_that_make_the_same_keys_agree(path: Path) -> None:
    command = [sys.executable, "-c", MAKER, str(path)]
    makers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # all at once
        for _ in range(4)
    ]
    said = [maker.communicate()[0] for maker in makers]
    assert [maker.returncode for maker in makers] == [0] * 4
    assert len(said[0].splitlines()) == 1 + 20 * 15
    assert len(set(said)) == 1


def test_secrets_are_wrapped_and_know_their_master_key(tmp_path: Path) -> None:
    path = tmp_path / "control.db"
    secrets = SqliteSecrets(path, MASTER)
    secrets.add(STORE, b"shpss_a-secret-of-the-app")
    assert b"shpss_" not in bytes_on_disk(path)
    secrets.close()
    with pytest.raises(Damaged, match=r"control\.db.*does not open"):
        SqliteSecrets(path, bytes(32))
    again = SqliteSecrets(path, MASTER)
    assert list(again.of(STORE)) == [b"shpss_a-secret-of-the-app"]
    again.close()


def test_secrets_added_or_removed_elsewhere_are_seen_at_once(tmp_path: Path) -> None:
    web, command_line = (SqliteSecrets(tmp_path / "control.db", MASTER) for _ in range(2))
    assert list(web.of(STORE)) == []
    command_line.add(STORE, b"one")
    assert list(web.of(STORE)) == [b"one"]
    command_line.remove(STORE, "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed")
    assert list(web.of(STORE)) == []
    web.close()
    command_line.close()


def test_made_up_stores_do_not_fill_the_memory(tmp_path: Path) -> None:
    secrets = SqliteSecrets(tmp_path / "control.db", MASTER)
    secrets.add(STORE, b"one")
    for number in range(100):
        assert list(secrets.of(StoreId(f"{number}.myshopify.com"))) == []
    assert list(secrets.of(STORE)) == [b"one"]
    assert len(secrets._opened) == 1
    secrets.close()
