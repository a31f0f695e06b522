"""The sockets of people, programs, and what they did."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from shopwright.core.types.access import ApiKey, Session, User
from shopwright.core.types.audit import AuditEntry
from shopwright.core.types.identity import StoreId


class Audit(Protocol):
    """The audit trail: append-only, one line for each thing that somebody will ask about."""

    def record(
        self, at_us: int, who: str, did: str, store_id: StoreId | None = None, about: str = ""
    ) -> int:
        """Append a line durably; return its number (1, 2, …)."""
        ...

    def of(self, limit: int) -> Sequence[AuditEntry]:
        """Return the newest lines, newest first."""
        ...


class Users(Protocol):
    """The people who may sign in, by name."""

    def add(self, user: User) -> bool:
        """Add a user durably; False, and no change, when the name is taken."""
        ...

    def get(self, name: str) -> User | None:
        """Return a user; None for a name that nobody has."""
        ...

    def all(self) -> Sequence[User]:
        """Return every user, by name."""
        ...

    def change(self, user: User) -> bool:
        """Replace all that is known of a user; False when the name is not there."""
        ...

    def remove(self, name: str) -> bool:
        """Remove a user; say whether the name was there."""
        ...


class Sessions(Protocol):
    """Who is signed in; known by the hash of what the browser holds."""

    def open(self, session: Session, *, made_after_us: int, seen_after_us: int) -> None:
        """Keep a session durably, and drop those that were made or last seen before these."""
        ...

    def find(self, token_hash: bytes) -> Session | None:
        """Return a session, however old; None for one that was never opened or has ended."""
        ...

    def seen(self, token_hash: bytes, at_us: int) -> None:
        """Remember that a session was used."""
        ...

    def end(self, token_hash: bytes) -> bool:
        """End a session; say whether it was there."""
        ...

    def end_all(self, user: str) -> int:
        """End every session of a user; say how many there were."""
        ...


class ApiKeys(Protocol):
    """Keys of programs; what was revoked stays in the list."""

    def add(self, key: ApiKey) -> bool:
        """Add a key durably; False, and no change, when the id is taken."""
        ...

    def get(self, key_id: str) -> ApiKey | None:
        """Return a key, revoked ones too."""
        ...

    def all(self) -> Sequence[ApiKey]:
        """Return every key, oldest first."""
        ...

    def revoke(self, key_id: str, at_us: int) -> bool:
        """Make a key worthless for good; False when it is not there or was revoked before."""
        ...


class Attempts(Protocol):
    """How often a name or an address failed to sign in, shared by all web processes."""

    def begin(self, free: Mapping[bytes, int], now_us: int) -> int:
        """Count one attempt against every key, or return the microseconds to wait before the next.

        Each key may fail ``free`` times before waits begin. An attempt that must wait is not
        counted. Counting comes before the password is looked at, so many attempts at once are as
        slow as one after the other.
        """
        ...

    def left(self, keys: Collection[bytes], now_us: int) -> int:
        """Return the microseconds until the next attempt of all these keys; 0 for at once."""
        ...

    def forgive(self, key: bytes, *, times: int | None) -> bool:
        """Take back so many attempts of a key, or all; say whether there were any."""
        ...
