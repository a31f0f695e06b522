"""Copies of the ledger from which it can be built again without the beginning of the log.

``ledger/checkpoints/<revision>.sqlite`` and, written last, ``<revision>.json``: the log position
that the copy has reached, the digest of its content and the SHA-256 of its bytes. A copy counts
only as long as its bytes still are what was verified.
"""

import hashlib
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from shopwright.adapters.backup_copy import digest_of, sync_file
from shopwright.adapters.ledger_content import SqliteLedgerContent
from shopwright.adapters.locks import alone_in, make_folder, sync_folder
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged
from shopwright.core.types.log import Position

FORMAT = 1
KEPT = 2
_NAME = re.compile(r"(\d+)\.json", re.ASCII)

Digest = Callable[[SqliteLedgerContent], str]


class Checkpoint(Struct, frozen=True, kw_only=True):
    """One copy of the ledger, and what was verified of it."""

    revision: int
    made_us: int
    through: dict[str, int]
    """The log position that the copy has reached."""
    digest: str
    """Of the ledger's content: the same in the copy and in the ledger that was copied."""
    sha256: str
    """Of the copy's bytes."""

    @property
    def position(self) -> Position:
        """The log position that the copy has reached."""
        return Position(self.through)


class _Envelope(Struct, frozen=True, kw_only=True):
    format: int
    sha256: str
    content: msgspec.Raw


class Checkpoints:
    """The copies of one ledger file; ``digest`` says what its content is."""

    def __init__(self, ledger: Path, digest: Digest) -> None:
        self._ledger = ledger
        self.folder = ledger.parent / "checkpoints"
        self._digest = digest

    def make(self, now_us: int) -> Checkpoint:
        """Copy the ledger as it is now, prove the copy, and keep the newest two.

        The writer goes on meanwhile. Waits for another process that makes one. Raises Damaged when
        the ledger or the copy is not whole: then nothing was kept.
        """
        make_folder(self.folder)
        with alone_in(self.folder):
            self._sweep()
            made = self._make(now_us)
            for old in self.all()[KEPT:]:
                self._remove(old.revision)
        return made

    def renew(self, now_us: int) -> None:
        """Let no copy remain that is older than the ledger is now: somebody was taken from it.

        The new copy is there before the older ones go. Without copies nothing is done.
        """
        if not self.folder.is_dir():
            return
        with alone_in(self.folder):
            if not self._numbers() and not any(self.folder.glob("*.sqlite*")):
                return
            self._sweep()
            made = self._make(now_us)
            for number in self._numbers():
                if number < made.revision:
                    self._remove(number)

    def all(self) -> list[Checkpoint]:
        """Return what is noted of every copy, newest first; a damaged note is none."""
        found = (self._read(number) for number in self._numbers())
        return [checkpoint for checkpoint in found if checkpoint is not None]

    def verified(self) -> Iterator[Checkpoint]:
        """Walk the copies whose bytes are what was verified, newest first."""
        return (checkpoint for checkpoint in self.all() if self.is_whole(checkpoint))

    def is_whole(self, checkpoint: Checkpoint) -> bool:
        """Whether a copy's bytes are still what was verified."""
        try:
            return digest_of(self.path(checkpoint.revision)) == checkpoint.sha256
        except OSError:
            return False

    def take(self, checkpoint: Checkpoint, to: Path) -> None:
        """Copy a checkpoint to where a ledger is built. Raises Damaged when its bytes changed."""
        source = self.path(checkpoint.revision)
        shutil.copyfile(source, to)
        if digest_of(to) != checkpoint.sha256:
            to.unlink()
            raise Damaged(f"{source}: this checkpoint is not what was verified; it is not used")

    def path(self, revision: int) -> Path:
        """Return where the copy of a revision lies."""
        return self.folder / f"{revision}.sqlite"

    def _make(self, now_us: int) -> Checkpoint:
        with closing(SqliteLedgerContent(self._ledger)) as source:
            revision = source.revision()
            new = self.folder / f"{revision}.sqlite.new"
            _copy(source, new)
            digest = self._digest(source)
            through = source.through()
        with closing(SqliteLedgerContent(new)) as copy:
            found = copy.integrity()
            if found != "ok" or self._digest(copy) != digest or copy.revision() != revision:
                raise Damaged(
                    f"{new}: the copy of the ledger is not equal to the ledger ({found}); look at "
                    "the disk and its messages, then try again"
                )
        sync_file(new)
        sha256 = self._put(new, revision)
        checkpoint = Checkpoint(
            revision=revision, made_us=now_us, through=dict(through), digest=digest, sha256=sha256
        )
        self._write(checkpoint)
        return checkpoint

    def _put(self, new: Path, revision: int) -> str:
        """Give the copy its name; a whole one of the same revision stays, so there always is one.

        Return the SHA-256 of its bytes.
        """
        for known in self.all():
            if known.revision == revision and self.is_whole(known):
                new.unlink()
                return known.sha256
        sha256 = digest_of(new)
        new.replace(self.path(revision))
        return sha256

    def _write(self, checkpoint: Checkpoint) -> None:
        content = msgspec.json.encode(checkpoint)
        envelope = _Envelope(
            format=FORMAT, sha256=hashlib.sha256(content).hexdigest(), content=msgspec.Raw(content)
        )
        note = self._note(checkpoint.revision)
        new = note.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(envelope))
        sync_file(new)
        new.replace(note)
        sync_folder(self.folder)

    def _read(self, number: int) -> Checkpoint | None:
        try:
            envelope = msgspec.json.decode(self._note(number).read_bytes(), type=_Envelope)
            if envelope.format != FORMAT:
                return None
            if hashlib.sha256(envelope.content).hexdigest() != envelope.sha256:
                return None
            found = msgspec.json.decode(envelope.content, type=Checkpoint)
        except (FileNotFoundError, *NOT_DECODABLE):
            return None
        return found if found.revision == number else None

    def _numbers(self) -> list[int]:
        if not self.folder.is_dir():
            return []
        found = (_NAME.fullmatch(entry.name) for entry in self.folder.iterdir())
        return sorted((int(name[1]) for name in found if name is not None), reverse=True)

    def _note(self, revision: int) -> Path:
        return self.folder / f"{revision}.json"

    def _remove(self, revision: int) -> None:
        """The note goes first: what is left after a crash is swept as a copy without one."""
        self._note(revision).unlink(missing_ok=True)
        for path in self.folder.glob(f"{revision}.sqlite*"):
            path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a death in the middle of the work left behind."""
        known = {checkpoint.revision for checkpoint in self.all()}
        kept = {path for number in known for path in (self.path(number), self._note(number))}
        for path in self.folder.iterdir():
            if path not in kept:
                path.unlink()


def _copy(source: SqliteLedgerContent, to: Path) -> None:
    """Copy the pages of the instant that the content holds."""
    to.touch(mode=0o600)
    with closing(sqlite3.connect(to, isolation_level=None)) as target:
        # Synced once, when it is whole.
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("PRAGMA synchronous = OFF")
        source.connection.backup(target, pages=1_024, sleep=0)
