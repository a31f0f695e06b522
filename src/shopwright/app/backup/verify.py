"""Reads a backup back: every byte, and whether its parts fit together. Writes nothing."""

from pathlib import Path

from msgspec import Struct

from shopwright.adapters import backup_folder
from shopwright.adapters.backup_manifest import BackedUpFile, BackupManifest, read_manifest
from shopwright.adapters.data_files import format_of, kind_of
from shopwright.adapters.keys_check import check_opens, installation_of
from shopwright.adapters.log_ends import ahead, last_offset
from shopwright.app.backup.contents import digest_of_ledger
from shopwright.app.backup.stage import Stage, Watch
from shopwright.core.errors import Damaged

LEDGER = "ledger/00.sqlite"
KEYS = "keys.db"


class Verified(Struct, frozen=True, kw_only=True):
    """A backup that was found whole."""

    files: int
    size: int
    """Bytes of the data; the keys are not counted."""
    began_us: int
    """What was accepted before this instant is in it."""
    finished_us: int
    ledger_revision: int
    ledger_digest: str
    keys_checked: bool
    """False when no folder of keys was given: then nobody knows that the data can be read."""
    keys_began_us: int | None


def verify(folder: Path, keys_folder: Path | None, master_key: bytes, watch: Watch) -> Verified:
    """Read a backup back and return what it is.

    Raises NotReady when there is none, TooNew for a later format, Damaged naming what does not fit.
    """
    total = len(read_manifest(folder, "data", master_key).files)
    read = 0

    def count(file: BackedUpFile) -> None:
        nonlocal read
        read += 1
        _check_kind(folder, file)
        watch(Stage("reading back", read, total))

    data = backup_folder.verify(folder, "data", master_key, count)
    _check_ledger(folder, data)
    keys = None if keys_folder is None else _verify_keys(keys_folder, data, master_key)
    return Verified(
        files=total,
        size=data.size(),
        began_us=data.began_us,
        finished_us=data.finished_us,
        ledger_revision=data.ledger_revision,
        ledger_digest=data.ledger_digest,
        keys_checked=keys is not None,
        keys_began_us=None if keys is None else keys.began_us,
    )


def _check_kind(folder: Path, file: BackedUpFile) -> None:
    kind = kind_of(file.path)
    if kind is not None:
        format_of(folder / file.name, kind, still=True)


def _check_ledger(folder: Path, data: BackupManifest) -> None:
    """The ledger must be what was copied, and must not know more than the log holds."""
    ledger = data.of(LEDGER)
    if ledger is None:
        return  # nothing was ever taken in: the log says it all
    place = folder / ledger.name
    if data.ledger_digest and digest_of_ledger(place) not in ("", data.ledger_digest):
        raise Damaged(f"{place}: this ledger does not hold what was backed up; use another backup")
    missing = ahead(data.ledger_through, _log_ends(folder, data))
    if missing:
        raise Damaged(
            f"{folder}: the ledger of this backup has taken more than its log holds (partition "
            f"{', '.join(missing)}); use another backup"
        )


def _log_ends(folder: Path, data: BackupManifest) -> list[tuple[str, int | None]]:
    ends = []
    for file in data.files:
        parts = file.path.split("/")
        if parts[0] == "log" and len(parts) == 3:
            ends.append((parts[1], last_offset(folder / file.name, Path(parts[2]).stem)))
    return ends


def _verify_keys(folder: Path, data: BackupManifest, master_key: bytes) -> BackupManifest:
    keys = backup_folder.verify(folder, "keys", master_key, lambda file: _check_kind(folder, file))
    if keys.installation != data.installation:
        raise Damaged(
            f"{folder}: these keys are of another installation than the data; give the folder that "
            "was written together with it"
        )
    file = keys.of(KEYS)
    if file is None:
        raise Damaged(f"{folder}: holds no keys.db; use another backup of the keys")
    place = folder / file.name
    check_opens(place, master_key, still=True)
    if installation_of(place, still=True) != keys.installation:
        raise Damaged(f"{place}: is not the key file that its manifest names; use another backup")
    return keys
