"""A backup is what the data folder was; a restore is all of it, or nothing."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from lived_home import LivedHome, flip_a_bit
from msgspec.structs import replace

from shopwright.adapters import backup_copy, data_files
from shopwright.adapters.backup_folder import BackupFolder
from shopwright.adapters.backup_manifest import read_manifest, write_manifest
from shopwright.adapters.ledger_content import SqliteLedgerContent
from shopwright.app import bootstrap, master_key
from shopwright.app.backup.age import BackupAge
from shopwright.app.backup.record import read_record
from shopwright.app.backup.restore import Restored, restore
from shopwright.app.backup.stage import nobody
from shopwright.app.backup.take import Taken, back_up
from shopwright.app.backup.verify import Verified, verify
from shopwright.app.doctor.backups import last
from shopwright.app.metrics import Metrics
from shopwright.app.replaying import Replaying
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_DAY, SimulatedClock, SystemClock
from shopwright.core.errors import BadInput, Busy, Damaged, NotReady, TooNew
from shopwright.core.types.access import Session, User
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.log import Position
from shopwright.pipelines.digest import ledger_digest

MASTER_KEY = bytes(range(32))
DERIVED = {"online.lmdb", "offline", "last-backup.json"}


class Backup:
    """A home with a backup of it, and an empty place to restore into."""

    def __init__(self, folder: Path, lived: LivedHome) -> None:
        self.lived = lived.copied_to(folder)
        self.settings = self.lived.settings
        self.to, self.keys = folder / "backup", folder / "keys"
        self.elsewhere: Settings = replace(
            self.settings,
            home=folder / "elsewhere",
            master_key_file=self.settings.master_key_file,
            erasure_journal=folder / "elsewhere.erasures",
        )

    def take(self, keys: bool = True) -> Taken:
        return back_up(self.settings, self.to, self.keys if keys else None, SystemClock())

    def verify(self) -> Verified:
        return verify(self.to, self.keys, MASTER_KEY, nobody)

    def restore(self) -> Restored:
        return restore(self.elsewhere, self.to, self.keys, SystemClock(), "operator ann", nobody)

    def restored(self) -> LivedHome:
        """Return the restored home as one that can work."""
        home = object.__new__(LivedHome)
        home.__dict__ |= self.lived.__dict__ | {"settings": self.elsewhere}
        return home

    def nothing_was_restored(self) -> bool:
        return not self.elsewhere.home.exists()


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


def test_all_that_was_accepted_before_is_in_a_backup_taken_meanwhile(backup: Backup) -> None:
    """A web process and a worker go on while the backup is taken, three times."""
    before = len(bootstrap.open_log(backup.settings).read(Position({}), 100_000))
    rest = backup.lived.arrivals[-120:]
    stop = threading.Event()

    def go_on() -> None:
        for number in range(0, len(rest), 4):
            if stop.is_set():
                return
            backup.lived.receive(rest[number : number + 4], "web-2")
            backup.lived.work()

    other = threading.Thread(target=go_on)
    other.start()
    try:
        for _ in range(3):
            backup.take()
    finally:
        stop.set()
        other.join()
    backup.restore()
    backup.restored().work()
    assert len(bootstrap.open_log(backup.elsewhere).read(Position({}), 100_000)) >= before
    assert Replaying(backup.elsewhere, lambda _: None).run(adopting=False).is_equal


def test_what_has_not_changed_is_not_copied_again(backup: Backup) -> None:
    first = backup.take()
    assert first.copied == first.files + 1  # with the keys; nobody was erased, so no journal
    stamps = {path: path.stat().st_mtime_ns for path in (backup.to / "files").rglob("*.*")}
    assert backup.take().copied == 0
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    backup.lived.receive(backup.lived.arrivals[-1:], "web-1")
    changed = backup.take()
    assert 1 <= changed.copied <= 3  # one segment of the log; its keys
    assert len(list((backup.to / "files").rglob("*.sqlite.*"))) < 2 * first.files
    record = read_record(backup.settings.home)
    assert record is not None
    assert (record.folder, record.files) == (str(backup.to), changed.files)


def test_a_model_goes_with_it(backup: Backup) -> None:
    model = backup.settings.home / "models" / "ab" / "model.json"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"{}")
    (model.parent / ".half-written").write_bytes(b"x")
    backup.take()
    backup.restore()
    found = backup.elsewhere.home / "models" / "ab"
    assert [path.name for path in found.iterdir()] == ["model.json"]


def every_file(backup: Backup) -> Iterator[Path]:
    for folder in (backup.to, backup.keys):
        yield folder / "manifest.json"
        yield from (path for path in sorted((folder / "files").rglob("*")) if path.is_file())


@pytest.mark.parametrize("damage", [flip_a_bit, Path.unlink, lambda path: os.truncate(path, 100)])
def test_any_damage_to_any_file_is_found_and_nothing_is_restored(
    backup: Backup, damage: object
) -> None:
    backup.take()
    whole = backup.to.parent / "whole"
    whole.mkdir()
    for folder in (backup.to, backup.keys):
        shutil.copytree(folder, whole / folder.name)
    files = list(every_file(backup))
    assert len(files) > 8
    for path in files:
        damage(path)  # type: ignore[operator]
        with pytest.raises((Damaged, NotReady)):
            backup.verify()
        with pytest.raises((Damaged, NotReady)):
            backup.restore()
        assert backup.nothing_was_restored()
        shutil.copy(whole / path.relative_to(backup.to.parent), path)
    backup.verify()


def test_a_damaged_copy_is_made_again_by_the_next_backup(backup: Backup) -> None:
    backup.take()
    flip_a_bit(next(iter((backup.to / "files").rglob("00.sqlite.*"))))
    with pytest.raises(Damaged):
        backup.verify()
    assert backup.take().copied == 1
    backup.verify()


def test_a_damaged_ledger_is_never_backed_up_as_a_whole_one(backup: Backup) -> None:
    taken = backup.take()
    ledger = backup.settings.home / "ledger" / "00.sqlite"
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with ledger.open("r+b") as file:
        file.seek(ledger.stat().st_size // 2)
        file.write(os.urandom(8 * 4096))
    with pytest.raises(Damaged, match="last whole backup was left"):
        backup.take()
    assert backup.verify().ledger_digest == taken.verified.ledger_digest


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


def test_keys_of_another_installation_are_refused(backup: Backup, tmp_path: Path) -> None:
    backup.take()
    other = Backup(tmp_path / "other", LivedHome(tmp_path / "fresh" / "home"))
    other.lived.receive(other.lived.arrivals[:3])
    other.take()
    with pytest.raises(Damaged, match="another installation"):
        verify(backup.to, other.keys, MASTER_KEY, nobody)
    with pytest.raises(BadInput, match="another installation"):
        back_up(other.settings, backup.to, None, SystemClock())


def test_a_manifest_that_somebody_wrote_is_not_believed(backup: Backup) -> None:
    backup.take()
    manifest = read_manifest(backup.to, "data", MASTER_KEY)
    bent = replace(manifest, files=(replace(manifest.files[0], path="../outside"),))
    write_manifest(backup.to, bent, MASTER_KEY)
    with pytest.raises(Damaged, match="outside"):
        backup.restore()
    write_manifest(backup.to, manifest, bytes(32))
    with pytest.raises(Damaged, match="seal"):
        backup.restore()
    write_manifest(
        backup.to, replace(manifest, ledger_through={"web-0": (1 << 60) + 1}), MASTER_KEY
    )
    with pytest.raises(Damaged, match="more than its log"):
        backup.restore()
    assert backup.nothing_was_restored()


def test_a_backup_of_a_newer_release_is_refused(backup: Backup) -> None:
    with closing(sqlite3.connect(backup.settings.home / "control.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(TooNew, match="99"):
        backup.take()
    manifest = backup.to / "manifest.json"
    if manifest.exists():
        with pytest.raises(TooNew):
            backup.restore()
    assert backup.nothing_was_restored()


def test_folders_that_would_undo_the_purpose_are_refused(backup: Backup, tmp_path: Path) -> None:
    clock, home = SystemClock(), backup.settings.home
    for to, keys in (
        (home / "backup", None),
        (home.parent, None),
        (backup.to, backup.to),
        (backup.to, backup.to / "keys"),
        (backup.to, home / "keys"),
    ):
        with pytest.raises(BadInput):
            back_up(backup.settings, to, keys, clock)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").touch()
    with pytest.raises(BadInput, match=r"thesis\.tex"):
        back_up(backup.settings, foreign, None, clock)
    with pytest.raises(NotReady, match="no installation"):
        back_up(backup.elsewhere, backup.to, None, clock)
    assert list(foreign.iterdir()) == [foreign / "thesis.tex"]


def test_only_one_backup_at_a_time_goes_into_a_folder(backup: Backup) -> None:
    backup.take()
    with (
        closing(backup_folder_of(backup)),
        pytest.raises(Busy),
    ):
        backup.take()
    backup.take()


def backup_folder_of(backup: Backup) -> BackupFolder:
    manifest = read_manifest(backup.to, "data", MASTER_KEY)
    return BackupFolder(backup.to, "data", MASTER_KEY, manifest.installation)


def test_a_home_in_use_is_left_alone(backup: Backup) -> None:
    backup.take()
    backup.elsewhere.home.mkdir()
    backup.restore()  # an empty folder will do
    with pytest.raises(BadInput, match="empty data folder"):
        backup.restore()


def test_a_backup_that_is_cut_off_leaves_the_one_before(
    backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = backup.take().verified
    backup.lived.receive(backup.lived.arrivals[-30:], "web-1")
    backup.lived.work()
    for dies_at in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144):
        with monkeypatch.context() as patch:
            _die_at_sync(patch, dies_at)
            try:
                backup.take()
                break
            except KeyboardInterrupt:
                assert backup.verify().ledger_revision in (first.ledger_revision, _now(backup))
    else:
        pytest.fail("it never came to its end")
    assert dies_at > 3
    assert backup.take().verified.ledger_revision == _now(backup)


def test_a_restore_that_is_cut_off_is_begun_again(
    backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.take()
    for dies_at in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144):
        with monkeypatch.context() as patch:
            _die_at_sync(patch, dies_at)
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


def _now(backup: Backup) -> int:
    return bootstrap.open_feed(backup.settings).revision()


def _die_at_sync(patch: pytest.MonkeyPatch, number: int) -> None:
    """Die instead of the n-th sync of a file."""
    left = number
    real = os.fsync

    def fsync(handle: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        real(handle)

    patch.setattr(backup_copy.os, "fsync", fsync)


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


def test_the_clock_is_an_argument(backup: Backup) -> None:
    taken = back_up(backup.settings, backup.to, backup.keys, SimulatedClock(7))
    assert (taken.verified.began_us, taken.verified.keys_began_us) == (7, 7)


def test_the_age_of_the_last_backup_is_told(backup: Backup) -> None:
    metrics, clock = Metrics(), SimulatedClock(3 * US_PER_DAY)
    look = BackupAge(backup.settings.home, metrics, clock)

    def told() -> tuple[str, float]:
        assert not look.step()
        (finding,) = last(backup.settings, clock)
        (value,) = (
            float(line.split()[-1])
            for line in metrics.expose().decode().splitlines()
            if line.startswith("shopwright_backup_age_seconds ")
        )
        return f"{finding.level}: {finding.says}", value

    assert told() == ("warn: there is no backup of this data folder", 3 * 86_400.0)
    back_up(backup.settings, backup.to, None, clock)
    clock.sleep(100)
    says, age = told()
    assert says.startswith("warn: the last one is of 1970-01-04T00:00, in ")
    assert says.endswith("without the keys that open it")
    assert age == 100.0
    back_up(backup.settings, backup.to, backup.keys, clock)
    clock.sleep(26 * 3_600 - 1)
    assert told() == (f"ok: the last one is of 1970-01-04T00:01, in {backup.to}", 93_599.0)
    clock.sleep(1)
    assert told()[0].endswith("26 hours old; backup_hours_max is 26")
