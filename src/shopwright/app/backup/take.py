"""Takes a backup beside a running system.

In the order in which a copy can be believed: the ledger before the log, because a restored ledger
that was ahead of the log would skip new records that get old offsets; every row before the keys,
because a row whose key is not there can never be read. What happens meanwhile is in the later
copies, and a restored installation takes it in from the log.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from shopwright import __version__
from shopwright.adapters.backup_folder import BackupFolder
from shopwright.adapters.backup_manifest import BackupManifest, Kind, Purpose
from shopwright.adapters.data_files import sqlite_files
from shopwright.adapters.keys_check import check_opens, installation_of
from shopwright.adapters.log_ends import last_offset
from shopwright.adapters.sqlite_file import LOG_SEGMENT
from shopwright.app.backup.contents import digest_of_ledger, read_ledger
from shopwright.app.backup.record import BackupRecord, write_record
from shopwright.app.backup.stage import Stage, Watch, nobody
from shopwright.app.backup.verify import Verified, verify
from shopwright.app.master_key import read_master_key
from shopwright.app.settings import Settings
from shopwright.core.clock import Clock
from shopwright.core.errors import BadInput, NotReady

LEDGER = "ledger/00.sqlite"
KEYS = "keys.db"
MLFLOW = "mlflow.db"
JOURNAL = "erasures"
"""The erasure journal lies beside the data folder; in a backup it lies under this name."""


class Taken(Struct, frozen=True, kw_only=True):
    """A backup that was written and read back."""

    folder: str
    keys_folder: str | None
    files: int
    copied: int
    """Files that had changed since the backup before, keys included."""
    verified: Verified


def back_up(
    settings: Settings, to: Path, keys_to: Path | None, clock: Clock, watch: Watch = nobody
) -> Taken:
    """Bring the backup in ``to`` (and the keys in ``keys_to``) up to date, and read it back.

    Raises BadInput for folders that may not be used, NotReady without an installation, Damaged
    when a file cannot be copied or does not read back as it was written, Busy, OSError.
    """
    _check_folders(settings, to, keys_to)
    master_key = read_master_key(settings)
    installation = _installation(settings, master_key)
    copied = _take_data(settings, to, master_key, installation, clock, watch)
    if keys_to is not None:
        copied += _take_keys(settings, keys_to, master_key, installation, clock)
    verified = verify(to, keys_to, master_key, watch)
    taken = Taken(
        folder=str(to.absolute()),
        keys_folder=None if keys_to is None else str(keys_to.absolute()),
        files=verified.files,
        copied=copied,
        verified=verified,
    )
    write_record(
        settings.home,
        BackupRecord(
            folder=taken.folder,
            keys_folder=taken.keys_folder,
            began_us=verified.began_us,
            verified_us=clock.now_us(),
            files=verified.files,
            size=verified.size,
        ),
    )
    return taken


def _check_folders(settings: Settings, to: Path, keys_to: Path | None) -> None:
    home = settings.home.resolve()
    for folder in (to, keys_to):
        if folder is not None and _overlap(folder.resolve(), home):
            raise BadInput(
                f"{folder}: a backup must not lie in the data folder {settings.home}, nor the data "
                "folder in it; name a folder on another disk"
            )
    if keys_to is not None and _overlap(to.resolve(), keys_to.resolve()):
        raise BadInput(
            f"{keys_to}: keys and what they open must lie apart, or whoever finds the backup can "
            "read it; name a folder that is neither in nor above the other one"
        )


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _installation(settings: Settings, master_key: bytes) -> str:
    keys = settings.home / KEYS
    if not keys.exists() or not (settings.home / "control.db").exists():
        raise NotReady(
            f"{settings.home}: there is no installation to back up; `shopwright doctor` says what "
            "is missing"
        )
    check_opens(keys, master_key)
    return installation_of(keys)


def _take_data(
    settings: Settings,
    to: Path,
    master_key: bytes,
    installation: str,
    clock: Clock,
    watch: Watch,
) -> int:
    began_us = clock.now_us()
    folder = BackupFolder(to, "data", master_key, installation)
    try:
        _take_each(folder, settings.home, watch)
        manifest = _described(folder, _manifest("data", installation, began_us, clock))
        folder.finish(manifest)
        return folder.copied
    finally:
        folder.close()


def _take_each(folder: BackupFolder, home: Path, watch: Watch) -> None:
    """Take every file, in an order in which no copy knows of what an earlier one lacks.

    Models come behind the control file: an erasure that is closed there has removed them.
    """
    for path in ("log/consumers.sqlite", LEDGER):
        _take_if_there(folder, path, home, "sqlite")
    # Listed only now: a new day or web process may have begun a segment.
    segments = [path for path, kind in sqlite_files(home).items() if kind is LOG_SEGMENT]
    for done, path in enumerate(segments):
        watch(Stage("copying the log", done, len(segments)))
        _take_if_there(folder, path, home, "sqlite")
    watch(Stage("copying the control file", 0, None))
    folder.take("control.db", home / "control.db", "sqlite")
    _take_if_there(folder, MLFLOW, home, "sqlite")
    for done, path in enumerate(_plain_files(home)):
        watch(Stage("copying models", done, None))
        _take_if_there(folder, path, home, "plain")


def _take_if_there(folder: BackupFolder, path: str, home: Path, kind: Kind) -> None:
    """Take a file, unless retention or an erasure has removed it meanwhile."""
    with suppress(FileNotFoundError):
        folder.take(path, home / path, kind)


def _plain_files(home: Path) -> Iterator[str]:
    """Walk the files of whole models, the aliases and what MLflow keeps beside its database.

    What is being written begins with a dot.
    """
    for name in ("models", "mlartifacts"):
        for path in sorted((home / name).rglob("*")):
            below = path.relative_to(home)
            if path.is_file() and not any(part.startswith(".") for part in below.parts):
                yield below.as_posix()


def _described(folder: BackupFolder, manifest: BackupManifest) -> BackupManifest:
    """Say what the copies hold: where the ledger stands, and where the log ends."""
    ends: dict[str, int] = {}
    for file in folder.taken:
        parts = file.path.split("/")
        if parts[0] == "log" and len(parts) == 3:
            last = last_offset(folder.place(file), parts[2].removesuffix(".sqlite"))
            ends[parts[1]] = max(last or 0, ends.get(parts[1], 0))
    ledger = next((file for file in folder.taken if file.path == LEDGER), None)
    if ledger is None:
        return replace(manifest, log_end=ends)
    place = folder.place(ledger)
    revision, through = read_ledger(place)
    return replace(
        manifest,
        log_end=ends,
        ledger_revision=revision,
        ledger_through=through,
        ledger_digest=digest_of_ledger(place),
    )


def _manifest(purpose: Purpose, installation: str, began_us: int, clock: Clock) -> BackupManifest:
    return BackupManifest(
        purpose=purpose,
        installation=installation,
        code_version=__version__,
        began_us=began_us,
        finished_us=clock.now_us(),
        files=(),
    )


def _take_keys(
    settings: Settings, to: Path, master_key: bytes, installation: str, clock: Clock
) -> int:
    began_us = clock.now_us()
    folder = BackupFolder(to, "keys", master_key, installation)
    try:
        folder.take(KEYS, settings.home / KEYS, "sqlite")
        journal = settings.erasure_journal
        if journal.exists():
            folder.take(JOURNAL, journal, "plain")
        folder.finish(_manifest("keys", installation, began_us, clock))
        return folder.copied
    finally:
        folder.close()
