"""Where a data folder notes its last verified backup, so that its age can be told."""

from pathlib import Path

import msgspec
from msgspec import Struct

from shopwright.adapters.offline_manifest import write_durably
from shopwright.core.decoding import NOT_DECODABLE

NAME = "last-backup.json"


class BackupRecord(Struct, frozen=True, kw_only=True):
    """The last backup that was written and read back."""

    folder: str
    keys_folder: str | None
    began_us: int
    """What was accepted before this instant is in it."""
    verified_us: int
    files: int
    size: int
    """Bytes, without the keys."""


def write_record(home: Path, record: BackupRecord) -> None:
    """Note the backup in the data folder."""
    write_durably(home / NAME, msgspec.json.encode(record))


def read_record(home: Path) -> BackupRecord | None:
    """Return the last backup; None when there was none, or the note cannot be read."""
    try:
        return msgspec.json.decode((home / NAME).read_bytes(), type=BackupRecord)
    except (FileNotFoundError, *NOT_DECODABLE):
        return None
