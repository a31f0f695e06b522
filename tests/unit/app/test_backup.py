"""A backup is what the data folder was, at every instant a whole one."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from backed_up import MASTER_KEY, Backup, die_at_sync
from lived_home import LivedHome, flip_a_bit
from msgspec.structs import replace

from shopwright.adapters.backup_folder import BackupFolder
from shopwright.adapters.backup_manifest import read_manifest, write_manifest
from shopwright.app import bootstrap
from shopwright.app.backup.age import BackupAge
from shopwright.app.backup.record import read_record
from shopwright.app.backup.stage import nobody
from shopwright.app.backup.take import back_up
from shopwright.app.backup.verify import verify
from shopwright.app.doctor.backups import last
from shopwright.app.metrics import Metrics
from shopwright.app.replaying import Replaying
from shopwright.core.clock import US_PER_DAY, SimulatedClock, SystemClock
from shopwright.core.errors import BadInput, Busy, Damaged, NotReady, TooNew
from shopwright.core.types.log import Position


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


def test_a_backup_that_is_cut_off_leaves_the_one_before(
    backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = backup.take().verified
    backup.lived.receive(backup.lived.arrivals[-30:], "web-1")
    backup.lived.work()
    for dies_at in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144):
        with monkeypatch.context() as patch:
            die_at_sync(patch, dies_at)
            try:
                backup.take()
                break
            except KeyboardInterrupt:
                assert backup.verify().ledger_revision in (first.ledger_revision, _now(backup))
    else:
        pytest.fail("it never came to its end")
    assert dies_at > 3
    assert backup.take().verified.ledger_revision == _now(backup)


def _now(backup: Backup) -> int:
    return bootstrap.open_feed(backup.settings).revision()


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
