"""A restore is all of the backup, or nothing; whoever was erased since does not come back."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from backed_up import Backup, die_at_sync
from lived_home import LivedHome
from msgspec.structs import replace

from shopwright.adapters import data_files
from shopwright.adapters.ledger_content import SqliteLedgerContent
from shopwright.app import bootstrap, master_key
from shopwright.app.backup.restore import restore
from shopwright.app.backup.stage import nobody
from shopwright.app.backup.verify import verify
from shopwright.app.replaying import Replaying
from shopwright.app.settings import Settings
from shopwright.core.clock import SystemClock
from shopwright.core.errors import BadInput, Damaged, NotReady
from shopwright.core.types.access import Session, User
from shopwright.core.types.identity import Pseudonym
from shopwright.pipelines.digest import ledger_digest


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> LivedHome:
    home = LivedHome(tmp_path_factory.mktemp("lived") / "home", seed=3)
    half = len(home.arrivals) // 2
    home.receive(home.arrivals[:half])
    home.work()
    home.receive(home.arrivals[half : half + 40], "web-1")
    return home


@pytest.fixture
def backup(tmp_path: Path, lived: LivedHome) -> Backup:
    return Backup(tmp_path, lived)


def rows_of(home: Path, *, but: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return every SQLite file below a folder as the statements that make it."""
    found = {}
    for path in data_files.sqlite_files(home):
        with closing(sqlite3.connect(home / path)) as connection:
            lines = list(connection.iterdump())
        found[path] = [line for line in lines if not any(word in line for word in but)]
    return found


def test_what_is_restored_is_what_was_backed_up(backup: Backup) -> None:
    taken = backup.take()
    restored = backup.restore()
    assert restored.verified == replace(backup.verify())
    own_rows = ('INTO "audit"', 'INTO "sqlite_sequence"')
    before = rows_of(backup.settings.home, but=own_rows)
    assert rows_of(backup.elsewhere.home, but=own_rows) == before
    assert len(before) >= 6
    assert taken.verified.files == len(before) - 1  # keys.db lies apart
    (entry,) = bootstrap.open_audit(backup.elsewhere).of(1)
    assert (entry.who, entry.did) == ("operator ann", "backup restored")


def digest(settings: Settings) -> str:
    with closing(SqliteLedgerContent(settings.home / "ledger" / "00.sqlite")) as content:
        return ledger_digest(content)


def test_the_restored_home_goes_on_where_the_other_stopped(backup: Backup) -> None:
    backup.take()
    backup.restore()
    backup.lived.work()
    backup.restored().work()
    assert digest(backup.elsewhere) == digest(backup.settings)
    assert Replaying(backup.elsewhere, lambda _: None).run(adopting=False).is_equal
    feed = bootstrap.open_feed(backup.elsewhere)
    online = bootstrap.open_online(backup.elsewhere, readonly=True)
    packed = feed.records("customer", 0, 10_000)
    assert len(packed) > 5
    found = online.read(packed[0].store_id, "customer", [one.entity for one in packed])
    states = {who: one.state for who, one in found.items()}
    assert states == {one.entity: one.state for one in packed}
    assert bootstrap.open_offline(backup.elsewhere).through() == feed.revision()


def test_a_model_goes_with_it(backup: Backup) -> None:
    model = backup.settings.home / "models" / "ab" / "model.json"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"{}")
    (model.parent / ".half-written").write_bytes(b"x")
    backup.take()
    backup.restore()
    found = backup.elsewhere.home / "models" / "ab"
    assert [path.name for path in found.iterdir()] == ["model.json"]


def test_another_master_key_opens_nothing(backup: Backup) -> None:
    backup.take()
    with pytest.raises(Damaged, match="master key"):
        verify(backup.to, backup.keys, bytes(32), nobody)
    other = replace(backup.elsewhere, master_key_file=backup.to.parent / "other.key")
    with pytest.raises(NotReady, match="master key"):
        restore(other, backup.to, backup.keys, SystemClock(), "operator ann", nobody)
    master_key.write_master_key(other, bytes(32))
    with pytest.raises(Damaged, match="master key"):
        restore(other, backup.to, backup.keys, SystemClock(), "operator ann", nobody)
    assert backup.nothing_was_restored()


def test_a_home_in_use_is_left_alone(backup: Backup) -> None:
    backup.take()
    backup.elsewhere.home.mkdir()
    backup.restore()  # an empty folder will do
    with pytest.raises(BadInput, match="empty data folder"):
        backup.restore()


def test_a_restore_that_is_cut_off_is_begun_again(
    backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.take()
    for dies_at in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144):
        with monkeypatch.context() as patch:
            die_at_sync(patch, dies_at)
            try:
                backup.restore()
                break
            except KeyboardInterrupt:
                if not backup.nothing_was_restored():
                    break  # all of it has its name; only the last sync is not certain
    assert dies_at > 5
    own_rows = ('INTO "audit"', 'INTO "sqlite_sequence"')
    before = rows_of(backup.settings.home, but=own_rows)
    assert rows_of(backup.elsewhere.home, but=own_rows) == before


def test_whoever_was_signed_in_signs_in_again(backup: Backup) -> None:
    users, sessions = (
        bootstrap.open_users(backup.settings),
        bootstrap.open_sessions(backup.settings),
    )
    users.add(User(name="ann", role="admin", stores=None, password="x", password_us=1, made_us=1))
    sessions.open(
        Session(token_hash=b"t" * 32, user="ann", csrf="c", password_us=1, made_us=5, seen_us=5),
        made_after_us=0,
        seen_after_us=0,
    )
    backup.take()
    assert backup.restore().sessions_ended == 1
    assert bootstrap.open_sessions(backup.elsewhere).find(b"t" * 32) is None
    assert bootstrap.open_users(backup.elsewhere).get("ann") is not None


def somebody(backup: Backup) -> Pseudonym:
    feed = bootstrap.open_feed(backup.settings)
    return feed.records("customer", 0, 100)[0].entity


@pytest.mark.parametrize("how", ["journal", "later keys", "journal of the keys"])
def test_whoever_was_erased_since_is_erased_from_it_again(backup: Backup, how: str) -> None:
    """The worker does the rest first: its tests are those of the erasure."""
    store_id, who = backup.lived.store.store_id, somebody(backup)
    backup.take()
    keys = bootstrap.open_keys(backup.settings)
    assert keys.forget(store_id, who)
    keys.close()
    if how == "journal":
        shutil.copy(backup.settings.erasure_journal, backup.elsewhere.erasure_journal)
    else:
        back_up_keys_alone(backup)
    restored = backup.restore()
    keys = bootstrap.open_keys(backup.elsewhere)
    assert (store_id, who) in keys.revived()
    assert restored.erased_again >= 1
    assert not keys.open_keys(store_id, [who])
    assert keys.erased(store_id, [who]) == {who}


def back_up_keys_alone(backup: Backup) -> None:
    """Take a later backup, and put the data back to what it was before."""
    old = backup.to.parent / "old"
    shutil.copytree(backup.to, old)
    backup.take()
    shutil.rmtree(backup.to)
    old.rename(backup.to)


def test_a_store_that_was_erased_since_is_erased_from_it_again(backup: Backup) -> None:
    backup.take()
    keys = bootstrap.open_keys(backup.settings)
    assert keys.forget(backup.lived.store.store_id, None)
    back_up_keys_alone(backup)
    restored = backup.restore()
    assert restored.stores_erased_again == 1
    assert (backup.lived.store.store_id, None) in bootstrap.open_keys(backup.elsewhere).revived()


def test_the_journal_of_this_machine_loses_nothing(backup: Backup) -> None:
    store_id = backup.lived.store.store_id
    feed = bootstrap.open_feed(backup.settings)
    first, second = (one.entity for one in feed.records("customer", 0, 2)[:2])
    keys = bootstrap.open_keys(backup.settings)
    keys.forget(store_id, first)
    shutil.copy(backup.settings.erasure_journal, backup.elsewhere.erasure_journal)
    keys.forget(store_id, second)
    backup.take()
    backup.restore()
    here = backup.elsewhere.erasure_journal.read_bytes()
    for line in backup.settings.erasure_journal.read_bytes().splitlines()[1:]:
        assert here.count(line) == 1
