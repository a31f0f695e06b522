"""How far an erasure has come: all that a restarted process needs to go on. Pseudonyms only."""

from typing import Literal

import msgspec
from msgspec import Struct

from shopwright.core.errors import TooNew
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.privacy import PrivacyRequest, Receipt
from shopwright.privacy import receipts

FORMAT = 1

Stage = Literal[
    "begin", "plan", "orders", "people", "log", "facts", "traces", "sweep", "models", "store"
]
"""What comes next. ``orders`` and ``people`` destroy keys, ``traces`` overwrites what files hold
beside their rows, ``sweep`` waits for late writers, ``models`` for a clean one."""


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


def receipt_of(request: PrivacyRequest, progress: Progress, finished_us: int) -> Receipt:
    """Return what is to be signed when everything is done; it names nobody."""
    return Receipt(
        format=receipts.FORMAT,
        request_id=request.request_id,
        store_id=request.store_id,
        kind=request.kind,
        origin=request.origin,
        asked_us=request.asked_us,
        finished_us=finished_us,
        tombstones=progress.tombstones,
        removed=progress.removed,
        models=progress.models,
    )
