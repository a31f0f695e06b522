"""How far an erasure has come: all that a restarted process needs to go on. Pseudonyms only."""

from typing import Literal

import msgspec
from msgspec import Struct

from shopwright.core.errors import TooNew
from shopwright.core.types.identity import Pseudonym

FORMAT = 1

Stage = Literal["begin", "plan", "orders", "people", "log", "facts", "sweep", "models", "store"]
"""What comes next. ``orders`` and ``people`` destroy keys, ``sweep`` waits for late writers,
``models`` for a model that never saw the person."""


class Progress(Struct, frozen=True, kw_only=True):
    """One erasure; every stage may be done again from its beginning."""

    format: int = FORMAT
    stage: Stage = "begin"
    barrier: dict[str, int] = {}
    """Where the log ended when the request was met: the ledger must have taken that much, or the
    plan would not know every order."""
    customers: tuple[Pseudonym, ...] = ()
    contacts: tuple[Pseudonym, ...] = ()
    orders: tuple[Pseudonym, ...] = ()
    """Orders that go with the person."""
    shared: tuple[Pseudonym, ...] = ()
    """Orders that now belong to somebody else; only what they told of the person goes."""
    others: tuple[Pseudonym, ...] = ()
    """A guest's checkouts, and the request's own sealed body."""
    reaching: tuple[Pseudonym, ...] = ()
    """Orders and checkouts that the contacts name."""
    at: int = 0
    """How many of a stage's items are done."""
    sealed: tuple[Pseudonym, ...] = ()
    """Subjects that had a key: only under these can anything lie in the log."""
    tombstones: tuple[str, ...] = ()
    removed: dict[str, int] = {}
    due_us: int = 0
    """When the log is searched again for what late writers left."""
    mark: int = 0
    """Offset in the partition of erasures: a model trained from beyond it never saw the person."""
    models: tuple[str, ...] = ()

    @property
    def subjects(self) -> tuple[Pseudonym, ...]:
        """Everybody and everything whose key goes, each once."""
        return tuple(dict.fromkeys((*self.orders, *self.customers, *self.others)))


class _Numbered(Struct):
    format: int


def encode(progress: Progress) -> bytes:
    """Write the progress for keeping."""
    return msgspec.msgpack.encode(progress)


def decode(stored: bytes) -> Progress:
    """Read it back; nothing stored is the beginning. Raises TooNew."""
    if not stored:
        return Progress()
    if msgspec.msgpack.decode(stored, type=_Numbered).format > FORMAT:
        raise TooNew("an erasure was begun by a newer Shopwright; upgrade this one to finish it")
    return msgspec.msgpack.decode(stored, type=Progress)


def counted(progress: Progress, what: str, many: int) -> Progress:
    """Return the progress with so many more things removed."""
    total = progress.removed.get(what, 0) + many
    return msgspec.structs.replace(progress, removed={**progress.removed, what: total})
