"""Puts a backup back into an empty data folder: wholly, or not at all.

It is put together beside the data folder and gets its name in one step at the end. Whoever was
erased since the backup was taken is erased from it again before it has that name: the keys at once,
everything else by the worker's first steps.
"""

import shutil
from collections.abc import Iterator
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from shopwright.adapters.backup_copy import copy_checked
from shopwright.adapters.backup_manifest import BackedUpFile, BackupManifest, read_manifest
from shopwright.adapters.data_files import sqlite_files
from shopwright.adapters.erasure_journal import NOWHERE, ErasureJournal
from shopwright.adapters.locks import make_folder, sync_folder
from shopwright.adapters.restored_subjects import people_in_ledger, stores_in, subjects_in_log
from shopwright.adapters.sqlite_file import LEDGER as LEDGER_FILE
from shopwright.adapters.sqlite_file import LOG_SEGMENT
from shopwright.app.backup.contents import digest_of_ledger
from shopwright.app.backup.stage import Stage, Watch
from shopwright.app.backup.take import JOURNAL
from shopwright.app.backup.verify import LEDGER, Verified, verify
from shopwright.app.bootstrap import open_audit, open_keys, open_sessions, open_users
from shopwright.app.lock import hold
from shopwright.app.master_key import read_master_key
from shopwright.app.settings import Settings
from shopwright.core.clock import Clock, iso
from shopwright.core.errors import BadInput, Damaged
from shopwright.core.types.identity import Pseudonym, StoreId

PEOPLE_AT_ONCE = 10_000


class Restored(Struct, frozen=True, kw_only=True):
    """What was put back."""

    home: str
    verified: Verified
    erased_again: int
    """People and orders whose erasure was asked for again; the worker does it first."""
    stores_erased_again: int
    sessions_ended: int


def restore(
    settings: Settings, folder: Path, keys_folder: Path, clock: Clock, who: str, watch: Watch
) -> Restored:
    """Put the backup in ``folder`` and the keys in ``keys_folder`` into the data folder.

    Raises BadInput when the data folder holds anything, NotReady without the master key, Damaged
    when the backup is not whole; then nothing was changed. Cut off, it is begun again.
    """
    home = settings.home
    _refuse_used(home)
    master_key = read_master_key(settings)
    with hold(_beside(home, "lock"), f"the restore of {home}"):
        verified = verify(folder, keys_folder, master_key, watch)
        staging = _beside(home, "new")
        shutil.rmtree(staging, ignore_errors=True)
        make_folder(staging)
        data = read_manifest(folder, "data", master_key)
        keys = read_manifest(keys_folder, "keys", master_key)
        _copy(folder, data, staging, watch)
        _copy(keys_folder, replace(keys, files=_without_journal(keys)), staging, watch)
        _check_ledger(staging, data)
        _bring_journal_up_to_date(settings, keys_folder, keys)
        restored = _settle(replace(settings, home=staging), verified, clock, who, watch)
        if home.exists():
            home.rmdir()
        staging.rename(home)
        sync_folder(home.parent)
    _beside(home, "lock").unlink(missing_ok=True)
    return replace(restored, home=str(home.absolute()))


def _beside(home: Path, kind: str) -> Path:
    return home.with_name(f"{home.name}.restoring.{kind}")


def _refuse_used(home: Path) -> None:
    if not home.exists():
        return
    if not home.is_dir() or any(home.iterdir()):
        raise BadInput(
            f"{home}: a backup is only put back into an empty data folder; move this one away, or "
            "name another with --home"
        )


def _without_journal(keys: BackupManifest) -> tuple[BackedUpFile, ...]:
    return tuple(file for file in keys.files if file.path != JOURNAL)


def _copy(folder: Path, manifest: BackupManifest, staging: Path, watch: Watch) -> None:
    folders = {staging}
    for done, file in enumerate(manifest.files):
        watch(Stage(f"copying the {manifest.purpose}", done, len(manifest.files)))
        target = staging / file.path
        make_folder(target.parent)
        folders.update(parent for parent in target.parents if parent.is_relative_to(staging))
        copy_checked(folder / file.name, target, file.sha256)
    for one in sorted(folders, reverse=True):
        sync_folder(one)


def _check_ledger(staging: Path, data: BackupManifest) -> None:
    ledger = staging / LEDGER
    if ledger.exists() and digest_of_ledger(ledger) not in ("", data.ledger_digest):
        raise Damaged(f"{ledger}: is not the ledger that was backed up; use another backup")


def _bring_journal_up_to_date(settings: Settings, keys_folder: Path, keys: BackupManifest) -> None:
    """Let the journal of this machine know what the backed-up one knows; it loses nothing."""
    file = keys.of(JOURNAL)
    if file is None:
        return
    place = settings.erasure_journal
    copy = ErasureJournal(keys_folder / file.name, settings.home)
    journal = ErasureJournal(place, settings.home)
    erasures, _ = copy.read(NOWHERE)
    if not journal.exists():
        journal.make(lambda: erasures)
        return
    known = set(journal.read(NOWHERE)[0])
    missing = [one for one in erasures if one not in known]
    if missing:
        journal.append(missing, lambda: erasures)


def _settle(
    settings: Settings, verified: Verified, clock: Clock, who: str, watch: Watch
) -> Restored:
    """Destroy again what was destroyed since, ask for the rest, and end what must not go on."""
    watch(Stage("looking for erased people", 0, None))
    keys = open_keys(settings)  # destroys what the journal knows
    try:
        gone = {store_id for store_id in _stores(settings.home) if keys.is_store_erased(store_id)}
        keys.revive([(store_id, None) for store_id in sorted(gone)])
        for store_id, subjects in _subjects(settings.home):
            if store_id not in gone:
                erased = keys.erased(store_id, subjects)
                keys.revive([(store_id, subject) for subject in sorted(erased)])
        revived = keys.revived()
    finally:
        keys.close()
    stores = sum(subject is None for _, subject in revived)
    ended = _end_sessions(settings)
    open_audit(settings).record(
        clock.now_us(),
        who,
        "backup restored",
        None,
        f"of {iso(verified.began_us)}; {len(revived)} to erase again",
    )
    return Restored(
        home="",
        verified=verified,
        erased_again=len(revived) - stores,
        stores_erased_again=stores,
        sessions_ended=ended,
    )


def _stores(home: Path) -> set[StoreId]:
    return {store_id for path in _files_of_rows(home) for store_id in stores_in(path)}


def _subjects(home: Path) -> Iterator[tuple[StoreId, list[Pseudonym]]]:
    """Walk whom the rows speak of, a store and a few thousand at a time."""
    for path in _files_of_rows(home):
        walk = people_in_ledger if path.parent.name == "ledger" else subjects_in_log
        for store_id, group in groupby(walk(path), key=itemgetter(0)):
            subjects = (subject for _, subject in group)
            while some := list(islice(subjects, PEOPLE_AT_ONCE)):
                yield store_id, some


def _files_of_rows(home: Path) -> list[Path]:
    return [
        home / path
        for path, kind in sqlite_files(home).items()
        if kind in (LEDGER_FILE, LOG_SEGMENT)
    ]


def _end_sessions(settings: Settings) -> int:
    """Whoever was signed in when the backup was taken signs in again; API keys stay."""
    sessions = open_sessions(settings)
    return sum(sessions.end_all(user.name) for user in open_users(settings).all())
