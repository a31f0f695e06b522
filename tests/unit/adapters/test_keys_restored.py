"""Keys that an older copy of the file brings back: the erasure journal destroys them again."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from shopwright.adapters import key_destruction
from shopwright.adapters.erasure_journal import NOWHERE, ErasureJournal
from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.core.errors import Erased
from shopwright.core.types.identity import Pseudonym, StoreId

MASTER = bytes(range(32))
STORE, OTHER = StoreId("a.myshopify.com"), StoreId("b.myshopify.com")
ANNA, BEN = Pseudonym(b"anna" * 4), Pseudonym(b"ben!" * 4)
SUBJECTS = {ANNA: ("customer", "the-id-of-anna"), BEN: ("customer", "the-id-of-ben")}
Open = Callable[..., SqliteKeys]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def journal(home: Path) -> ErasureJournal:
    return ErasureJournal(home.with_name("home.erasures"), home)


@pytest.fixture
def open_keys(home: Path, journal: ErasureJournal) -> Iterator[Open]:
    with ExitStack() as opened:

        def opener(**others: object) -> SqliteKeys:
            keys = SqliteKeys(home / "keys.db", MASTER, journal=journal, **others)  # type: ignore[arg-type]
            opened.callback(keys.close)
            return keys

        yield opener


class Copy:
    """An old copy of the data folder, made by ``cp``."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._copy = home.with_name("copy")
        shutil.copytree(home, self._copy)

    def put_back(self) -> None:
        shutil.rmtree(self._home)
        shutil.copytree(self._copy, self._home)


def lines(journal: ErasureJournal) -> int:
    return len(journal.read(NOWHERE)[0])


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_fresh_folder_has_no_journal_until_somebody_is_erased(
    open_keys: Open, journal: ErasureJournal
) -> None:
    keys = open_keys()
    keys.seal_keys(STORE, SUBJECTS)
    assert not journal.exists()
    keys.forget(STORE, ANNA)
    assert lines(journal) == 1
    keys.forget(STORE, ANNA)
    assert lines(journal) == 1
    assert ANNA.hex().encode() not in journal.path.read_bytes()
    assert b"the-id-of-anna" not in journal.path.read_bytes()


def test_who_was_erased_stays_erased_when_an_old_copy_is_put_back(
    open_keys: Open, home: Path
) -> None:
    keys = open_keys()
    made = keys.seal_keys(STORE, SUBJECTS)
    theirs = keys.seal_keys(OTHER, SUBJECTS)
    keys.close()
    copy = Copy(home)
    keys = open_keys()
    keys.forget(STORE, ANNA)
    keys.close()
    copy.put_back()
    wrapped = bytes_in(home)
    keys = open_keys()
    assert keys.revived() == ((STORE, ANNA),)
    assert keys.open_keys(STORE, [ANNA, BEN]) == {BEN: made[BEN]}
    assert keys.seal_keys(STORE, SUBJECTS) == {BEN: made[BEN]}
    assert keys.open_keys(OTHER, [ANNA, BEN]) == theirs
    assert keys.erased(STORE, [ANNA, BEN]) == {ANNA}
    # ANNA's pseudonym stays in the list of those to erase again until that is done
    keys.taken([(STORE, ANNA)])
    assert keys.revived() == ()
    keys.close()
    assert wrapped.count(ANNA) == 2
    assert bytes_in(home).count(ANNA) == 1  # the other store's
    keys = open_keys()
    assert keys.revived() == ()


def test_the_list_of_those_to_erase_again_outlives_a_crash(open_keys: Open, home: Path) -> None:
    keys = open_keys()
    keys.seal_keys(STORE, SUBJECTS)
    keys.close()
    copy = Copy(home)
    keys = open_keys()
    keys.forget(STORE, ANNA)
    keys.close()
    copy.put_back()
    open_keys().close()
    assert open_keys().revived() == ((STORE, ANNA),)


def test_a_destroyed_store_stays_destroyed_and_a_new_key_of_it_lives(
    open_keys: Open, home: Path
) -> None:
    keys = open_keys()
    keys.seal_keys(STORE, SUBJECTS)
    keys.close()
    copy = Copy(home)
    keys = open_keys()
    assert keys.forget(STORE, None) is True
    keys.close()
    copy.put_back()
    keys = open_keys()
    assert keys.revived() == ((STORE, None),)
    with pytest.raises(Erased):
        keys.store_key(STORE)
    keys.taken([(STORE, None)])
    assert keys.renew_store(STORE) is True
    fresh, made = keys.store_key(STORE), keys.seal_keys(STORE, SUBJECTS)
    keys.close()
    keys = open_keys()
    assert (keys.store_key(STORE), keys.open_keys(STORE, [ANNA, BEN])) == (fresh, made)
    with keys._file.transaction() as connection:  # a copy that holds the new key and no history
        connection.execute("DELETE FROM destroyed_stores")
        connection.execute("DELETE FROM journal_read")
    keys.close()
    keys = open_keys()
    assert keys.revived() == ()
    assert keys.store_key(STORE) == fresh


def test_a_copy_from_before_the_store_came_makes_no_key_for_it_by_itself(
    open_keys: Open, home: Path
) -> None:
    open_keys().close()
    copy = Copy(home)
    keys = open_keys()
    keys.store_key(STORE)
    keys.forget(STORE, None)
    keys.close()
    copy.put_back()
    keys = open_keys()
    with pytest.raises(Erased, match="--again"):
        keys.store_key(STORE)
    assert keys.revived() == ()


def test_a_crash_between_journal_and_key_file_is_finished_at_the_next_start(
    open_keys: Open, home: Path, journal: ErasureJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = open_keys()
    made = keys.seal_keys(STORE, SUBJECTS)

    def crash(*_: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(key_destruction, "_entomb", crash)
        with pytest.raises(OSError, match="killed"):
            keys.forget(STORE, ANNA)
    assert lines(journal) == 1
    keys.close()
    keys = open_keys()
    assert keys.open_keys(STORE, [ANNA, BEN]) == {BEN: made[BEN]}
    assert keys.revived() == ((STORE, ANNA),)


def test_the_journal_is_on_disk_before_the_key_is_destroyed(
    open_keys: Open, journal: ErasureJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = open_keys()
    made = keys.seal_keys(STORE, SUBJECTS)

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(ErasureJournal, "append", full)
    for subject in (ANNA, None):
        with pytest.raises(OSError, match="no space"):
            keys.forget(STORE, subject)
    assert keys.open_keys(STORE, [ANNA, BEN]) == made


def test_a_journal_that_is_gone_is_made_again_from_the_table(
    open_keys: Open, home: Path, journal: ErasureJournal
) -> None:
    keys = open_keys()
    keys.seal_keys(STORE, SUBJECTS)
    keys.store_key(OTHER)
    keys.close()
    copy = Copy(home)
    keys = open_keys()
    keys.forget(STORE, ANNA)
    keys.forget(OTHER, None)
    keys.close()
    journal.path.unlink()
    open_keys().close()
    assert lines(journal) == 2
    journal.path.unlink()
    keys = open_keys()
    journal.path.unlink()
    keys.forget(STORE, BEN)  # it is lost while the process runs
    keys.close()
    assert lines(journal) == 3
    copy.put_back()
    keys = open_keys()
    assert set(keys.revived()) == {(STORE, ANNA), (STORE, BEN), (OTHER, None)}


def test_a_journal_read_to_its_end_is_not_read_again(
    open_keys: Open, journal: ErasureJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_destruction, "REREAD_BYTES", 0)
    keys = open_keys()
    keys.seal_keys(STORE, SUBJECTS)
    keys.forget(STORE, ANNA)
    open_keys().close()
    found: list[int] = []
    read = ErasureJournal.read

    def counting(self: ErasureJournal, after: object) -> object:
        erasures, mark = read(self, after)  # type: ignore[arg-type]
        found.append(len(erasures))
        return erasures, mark

    monkeypatch.setattr(ErasureJournal, "read", counting)
    open_keys().close()
    keys.forget(STORE, BEN)
    open_keys().close()
    assert found == [0, 1]
