"""Which Parquet files are the history: one manifest, replaced whole by an atomic rename.

A reader follows one manifest and never sees half a change. Files are named by their content and
never changed, so an older manifest stays true for as long as its files are kept.
"""

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from shopwright.adapters.locks import sync_folder
from shopwright.adapters.offline_spill import sweep_spills
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged, TooNew

FORMAT = 1
_NAME = re.compile(r"manifest-(\d+)\.json", re.ASCII)

Files = dict[str, dict[str, dict[str, str]]]
"""Relation, store and ``MonthPartition.month`` to the name of the file in its folder."""


class Manifest(Struct, frozen=True, kw_only=True):
    """One state of the offline store."""

    number: int
    """Grows with every change."""
    through: int
    """The ledger revision that this state holds."""
    files: Files

    def paths(self) -> set[str]:
        """Return every file of this state, relative to the folder."""
        return {
            f"{relation}/{store_id}/{name}"
            for relation, stores in self.files.items()
            for store_id, months in stores.items()
            for name in months.values()
        }


class _Envelope(Struct, frozen=True, kw_only=True):
    format: int
    sha256: str
    """Of ``content`` as it is written."""
    content: msgspec.Raw


EMPTY = Manifest(number=0, through=0, files={})


def read_newest(folder: Path) -> Manifest:
    """Return the state that counts; an empty one where nothing was written yet.

    Raises Damaged or TooNew for a manifest that must not be followed.
    """
    while numbers := numbers_in(folder):
        try:
            return read(folder, numbers[-1])
        except FileNotFoundError:
            continue  # swept between the two looks: a newer one is there
    return EMPTY


def read(folder: Path, number: int) -> Manifest:
    """Return one state. Raises Damaged, TooNew, FileNotFoundError."""
    path = _path(folder, number)
    try:
        envelope = msgspec.json.decode(path.read_bytes(), type=_Envelope)
        if envelope.format > FORMAT:
            raise TooNew(
                f"{path}: the offline store has format {envelope.format} and this Shopwright "
                f"reads {FORMAT}; start the newer Shopwright that wrote it"
            )
        if hashlib.sha256(envelope.content).hexdigest() != envelope.sha256:
            raise _damaged(path, "its checksum does not match")
        return msgspec.json.decode(envelope.content, type=Manifest)
    except NOT_DECODABLE as error:
        raise _damaged(path, str(error)) from error


def commit(folder: Path, manifest: Manifest) -> None:
    """Let this state count from now on; the files that it names must be on disk already."""
    content = msgspec.json.encode(manifest)
    sha256 = hashlib.sha256(content).hexdigest()
    envelope = _Envelope(format=FORMAT, sha256=sha256, content=msgspec.Raw(content))
    write_durably(_path(folder, manifest.number), msgspec.json.encode(envelope))


def write_durably(path: Path, body: bytes) -> None:
    """Write a file so that it is on disk whole, or not there at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)


def numbers_in(folder: Path) -> list[int]:
    """Return the numbers of the manifests that are there, ascending."""
    if not folder.is_dir():
        return []
    found = (_NAME.fullmatch(entry.name) for entry in os.scandir(folder))
    return sorted(int(match[1]) for match in found if match)


def sweep(folder: Path, kept_max: int, *, orphans: bool) -> None:
    """Remove all but the newest manifests, and every file that only the removed ones name.

    ``orphans`` also looks for files that no manifest names: what a crash left behind.
    """
    numbers = numbers_in(folder)
    kept, dropped = numbers[-kept_max:], numbers[:-kept_max]
    removed = _named(folder, dropped)
    if orphans:
        removed |= {path.relative_to(folder).as_posix() for path in folder.glob("*/*/*")}
        removed |= {path.name for path in folder.glob("*.unfinished")}
        sweep_spills(folder)
    for number in dropped:
        _path(folder, number).unlink()
    for path in removed - _named(folder, kept):
        (folder / path).unlink(missing_ok=True)


def _named(folder: Path, numbers: list[int]) -> set[str]:
    named: set[str] = set()
    for number in numbers:
        with suppress(Damaged):  # nobody can follow it
            named |= read(folder, number).paths()
    return named


def _path(folder: Path, number: int) -> Path:
    return folder / f"manifest-{number}.json"


def _damaged(path: Path, why: str) -> Damaged:
    return Damaged(
        f"{path}: this manifest of the offline store is damaged ({why}). History is a copy: "
        f"stop Shopwright, delete the folder {path.parent}, and the worker makes it again from "
        "the ledger"
    )
