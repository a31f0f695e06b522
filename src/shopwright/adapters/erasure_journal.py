"""The erasure journal: every erasure once more, in a file outside the data folder.

A data folder that is put back from an old copy knows nothing of the people who were erased since.
The journal does, because it is not in the copy. It is written before a key is destroyed, so that it
never knows less than the key file. Its lines are keyed hashes, which name nobody by themselves.

JSON lines, the first one says the format; appended to and synced, never changed. A last line
without its end is what a crash left of an erasure that had not begun: it is dropped.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from shopwright.adapters.locks import make_folder, sync_folder
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import BadInput, Damaged, TooNew
from shopwright.core.types.identity import StoreId

FORMAT = 1
_ID_BYTES = 16


class Erasure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line: a subject's tombstone, or the fingerprint of a store key; both in hex."""

    store_id: StoreId = StoreId("")
    """Empty for a tombstone from before stores were noted with them."""
    tombstone: str = ""
    store_key: str = ""


class Mark(NamedTuple):
    """How far a journal was read."""

    journal: str
    bytes: int


class _Head(Struct, frozen=True, kw_only=True):
    format: int
    journal: str


NOWHERE = Mark("", 0)
_encode = msgspec.json.Encoder().encode
_erasure = msgspec.json.Decoder(Erasure)
_head = msgspec.json.Decoder(_Head)

Known = Callable[[], Iterable[Erasure]]
"""What the key file knows: a journal that is not there is made of it."""


class ErasureJournal:
    """The journal in a file of mode 0600; several processes may append to it.

    ``entropy`` gives that many unpredictable bytes. Raises BadInput for a path in the data folder:
    there it would be put back together with the copy.
    """

    def __init__(
        self, path: Path, data_folder: Path, *, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        if path.resolve().is_relative_to(data_folder.resolve()):
            raise BadInput(
                f"{path}: the erasure journal must lie outside the data folder {data_folder}, or "
                "an old copy of the folder would bring an old journal with it; set "
                "erasure_journal to another place"
            )
        self.path = path
        self._entropy = entropy

    def exists(self) -> bool:
        """Say whether there is a journal."""
        return self.path.exists()

    def append(self, erasures: Sequence[Erasure], known: Known) -> None:
        """Add erasures; on return they are on disk. Raises Damaged, TooNew, OSError."""
        with self._held(known) as handle:
            stored = _read(handle)
            whole = _whole(stored)
            _check_head(stored[:whole], self.path)
            if whole < len(stored):
                os.ftruncate(handle, whole)
            _write(handle, b"".join(map(_line, erasures)), whole)
            os.fsync(handle)

    def read(self, after: Mark) -> tuple[Sequence[Erasure], Mark]:
        """Return the erasures behind a mark, all of them for a mark of another journal.

        Raises Damaged, TooNew, FileNotFoundError.
        """
        stored = self.path.read_bytes()
        whole = _whole(stored)
        journal = _check_head(stored[:whole], self.path)
        start = after.bytes if after.journal == journal and after.bytes <= whole else 0
        lines = stored[start:whole].splitlines()[0 if start else 1 :]
        try:
            return [_erasure.decode(line) for line in lines], Mark(journal, whole)
        except NOT_DECODABLE as error:
            raise _damaged(self.path, str(error)) from error

    def make(self, known: Known) -> None:
        """Make the journal whole or not at all; one that is there stays as it is."""
        make_folder(self.path.parent)
        head = _Head(format=FORMAT, journal=self._entropy(_ID_BYTES).hex())
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write(handle, b"".join((_encode(head), b"\n", *map(_line, known()))), 0)
            os.fsync(handle)
            if not self.exists():
                self.path.hardlink_to(new)
        except FileExistsError:
            pass
        finally:
            os.close(handle)
            new.unlink()
        sync_folder(self.path.parent)

    @contextmanager
    def _held(self, known: Known) -> Iterator[int]:
        """Open the journal to append, made first where it is missing; one process at a time."""
        flags = os.O_RDWR | os.O_CLOEXEC
        try:
            handle = os.open(self.path, flags)
        except FileNotFoundError:
            self.make(known)
            handle = os.open(self.path, flags)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)


def _line(erasure: Erasure) -> bytes:
    return _encode(erasure) + b"\n"


def _read(handle: int) -> bytes:
    return os.pread(handle, os.fstat(handle).st_size, 0)


def _whole(stored: bytes) -> int:
    """Return how many bytes the lines have that were written to their end."""
    return stored.rfind(b"\n") + 1


def _write(handle: int, body: bytes, at: int) -> None:
    while body:
        written = os.pwrite(handle, body, at)
        body, at = body[written:], at + written


def _check_head(stored: bytes, path: Path) -> str:
    """Return which journal this is. Raises Damaged, TooNew."""
    try:
        head = _head.decode(stored.partition(b"\n")[0])
    except NOT_DECODABLE as error:
        raise _damaged(path, f"its first line: {error}") from error
    if head.format > FORMAT:
        raise TooNew(
            f"{path}: the erasure journal has format {head.format}, this Shopwright knows "
            f"{FORMAT}; upgrade it"
        )
    return head.journal


def _damaged(path: Path, why: str) -> Damaged:
    return Damaged(
        f"{path}: the erasure journal is damaged ({why}). If the data folder was not put back from "
        "a copy, move the journal away: it is made again from keys.db. Otherwise restore it first"
    )
