"""What a backup holds, said by one file that is written last and carries a keyed seal.

The seal is HMAC-SHA-256 under a key derived from the master key: whoever can write to the folder
of a backup, but does not have the master key, cannot change what will be restored.
"""

import hmac
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec
from msgspec import Struct

from shopwright.adapters.offline_manifest import write_durably
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged, NotReady, TooNew
from shopwright.privacy.pseudonyms import derive

FORMAT = 1
NAME = "manifest.json"
Purpose = Literal["data", "keys"]
Kind = Literal["sqlite", "plain"]


class BackedUpFile(Struct, frozen=True, kw_only=True):
    """One file of the data folder as it was copied."""

    path: str
    """Where it lies in the data folder, with ``/`` between names."""
    kind: Kind
    sha256: str
    size: int
    """Bytes."""
    source: str | None = None
    """SHA-256 of the very file that was copied; None when part of it was in a write-ahead log."""

    @property
    def name(self) -> str:
        """Where the copy lies in the backup: named by its content, so it is never overwritten."""
        return f"files/{self.path}.{self.sha256[:32]}"


class BackupManifest(Struct, frozen=True, kw_only=True):
    """One whole backup."""

    purpose: Purpose
    installation: str
    """Says which installation this is a copy of, and nothing else."""
    code_version: str
    began_us: int
    finished_us: int
    files: tuple[BackedUpFile, ...]
    ledger_revision: int = 0
    ledger_digest: str = ""
    ledger_through: dict[str, int] = {}
    """Partition to the log offset that the copied ledger has taken."""
    log_end: dict[str, int] = {}
    """Partition to the newest offset of the copied log."""

    def of(self, path: str) -> BackedUpFile | None:
        """Return the copy of one file of the data folder."""
        return next((file for file in self.files if file.path == path), None)

    def size(self) -> int:
        """Return the bytes of all copies."""
        return sum(file.size for file in self.files)


class _Envelope(Struct, frozen=True, kw_only=True):
    format: int
    hmac: str
    """Over ``content`` as it is written."""
    content: msgspec.Raw


def write_manifest(folder: Path, manifest: BackupManifest, master_key: bytes) -> None:
    """Let this be the backup that the folder holds; every file it names must be on disk."""
    content = msgspec.json.encode(manifest)
    seal = _seal(master_key, content)
    envelope = _Envelope(format=FORMAT, hmac=seal, content=msgspec.Raw(content))
    write_durably(folder / NAME, msgspec.json.encode(envelope))


def read_manifest(folder: Path, purpose: Purpose, master_key: bytes) -> BackupManifest:
    """Return what the folder holds.

    Raises NotReady when it holds no finished backup, TooNew for a later format, and Damaged when
    the manifest was altered, sealed under another master key, or is of the other purpose.
    """
    path = folder / NAME
    try:
        envelope = msgspec.json.decode(path.read_bytes(), type=_Envelope)
        if envelope.format > FORMAT:
            raise TooNew(
                f"{path}: this backup has format {envelope.format} and this Shopwright reads "
                f"{FORMAT}; use the newer Shopwright that wrote it"
            )
        if not hmac.compare_digest(envelope.hmac, _seal(master_key, bytes(envelope.content))):
            raise Damaged(
                f"{path}: its seal does not fit: the manifest was altered, or this backup was made "
                "under another master key; give the master key of the installation it was taken of"
            )
        manifest = msgspec.json.decode(envelope.content, type=BackupManifest)
    except FileNotFoundError as error:
        raise NotReady(
            f"{folder}: there is no finished backup of the {purpose} here; name the folder that "
            f"was given to `shopwright backup{' --keys-to' if purpose == 'keys' else ''}`"
        ) from error
    except NOT_DECODABLE as error:
        raise Damaged(f"{path}: this manifest is damaged ({error}); use another backup") from error
    if manifest.purpose != purpose:
        raise Damaged(
            f"{folder}: this is the backup of the {manifest.purpose}, not of the {purpose}"
        )
    for file in manifest.files:
        _check_path(path, file.path)
    return manifest


def _seal(master_key: bytes, content: bytes) -> str:
    return hmac.digest(derive(master_key, "backup manifest"), content, "sha256").hex()


def _check_path(manifest: Path, path: str) -> None:
    """Whatever a manifest says, nothing is written outside the folder that is restored."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise Damaged(f"{manifest}: names {path!r}, which lies outside a data folder")
