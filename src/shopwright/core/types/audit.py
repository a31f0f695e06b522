"""One line of the audit trail: who did what, when, to which store."""

from msgspec import Struct

from shopwright.core.types.identity import StoreId


class AuditEntry(Struct, frozen=True, kw_only=True):
    """Something that somebody will want to know of later; it names no customer in the clear."""

    number: int
    """1, 2, … in the order in which things were recorded."""
    at_us: int
    who: str
    """``operator NAME`` at the command line, ``user NAME``, ``key ID``, or ``unknown``."""
    did: str
    """A few words from a fixed list, such as ``login failed`` or ``key revoked``."""
    store_id: StoreId | None
    """None where it concerned no store, or all of them."""
    about: str
    """The rest in one line: a key's id, a user's name, a count."""
