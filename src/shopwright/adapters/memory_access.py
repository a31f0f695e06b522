"""The ports of access in memory, for tests: audit trail, users, sessions, keys, attempts."""

from collections.abc import Collection, Mapping, Sequence
from threading import Lock

from msgspec.structs import replace

from shopwright.core.types.access import ApiKey, Session, User
from shopwright.core.types.audit import AuditEntry
from shopwright.core.types.identity import StoreId
from shopwright.privacy.patience import KEPT_MAX, failures_now, left_us, wait_us


class MemoryAudit:
    """Who did what, when, to which store."""

    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []

    def record(
        self, at_us: int, who: str, did: str, store_id: StoreId | None = None, about: str = ""
    ) -> int:
        """Append a line; return its number (1, 2, …)."""
        number = len(self._entries) + 1
        self._entries.append(
            AuditEntry(number=number, at_us=at_us, who=who, did=did, store_id=store_id, about=about)
        )
        return number

    def of(self, limit: int) -> Sequence[AuditEntry]:
        """Return the newest lines, newest first."""
        return tuple(self._entries[::-1][:limit])


class MemoryUsers:
    """The people who may sign in, by name."""

    def __init__(self) -> None:
        self._users: dict[str, User] = {}

    def add(self, user: User) -> bool:
        """Add a user; False, and no change, when the name is taken."""
        return self._users.setdefault(user.name, user) is user

    def get(self, name: str) -> User | None:
        """Return a user; None for a name that nobody has."""
        return self._users.get(name)

    def all(self) -> Sequence[User]:
        """Return every user, by name."""
        return tuple(user for _, user in sorted(self._users.items()))

    def change(self, user: User) -> bool:
        """Replace all that is known of a user; False when the name is not there."""
        there = user.name in self._users
        if there:
            self._users[user.name] = user
        return there

    def remove(self, name: str) -> bool:
        """Remove a user; say whether the name was there."""
        return self._users.pop(name, None) is not None


class MemorySessions:
    """Who is signed in."""

    def __init__(self) -> None:
        self._sessions: dict[bytes, Session] = {}

    def open(self, session: Session, *, made_after_us: int, seen_after_us: int) -> None:
        """Keep a session, and drop those that were made or last seen before these."""
        for key, old in tuple(self._sessions.items()):
            if old.made_us < made_after_us or old.seen_us < seen_after_us:
                del self._sessions[key]
        self._sessions[session.token_hash] = session

    def find(self, token_hash: bytes) -> Session | None:
        """Return a session, however old; None for one that was never opened or has ended."""
        return self._sessions.get(token_hash)

    def seen(self, token_hash: bytes, at_us: int) -> None:
        """Remember that a session was used."""
        found = self._sessions.get(token_hash)
        if found is not None:
            self._sessions[token_hash] = replace(found, seen_us=at_us)

    def end(self, token_hash: bytes) -> bool:
        """End a session; say whether it was there."""
        return self._sessions.pop(token_hash, None) is not None

    def end_all(self, user: str) -> int:
        """End every session of a user; say how many there were."""
        theirs = [key for key, session in self._sessions.items() if session.user == user]
        for key in theirs:
            del self._sessions[key]
        return len(theirs)


class MemoryApiKeys:
    """Keys of programs; what was revoked stays in the list."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    def add(self, key: ApiKey) -> bool:
        """Add a key; False, and no change, when the id is taken."""
        return self._keys.setdefault(key.key_id, key) is key

    def get(self, key_id: str) -> ApiKey | None:
        """Return a key, revoked ones too."""
        return self._keys.get(key_id)

    def all(self) -> Sequence[ApiKey]:
        """Return every key, oldest first."""
        return tuple(sorted(self._keys.values(), key=lambda key: (key.made_us, key.key_id)))

    def revoke(self, key_id: str, at_us: int) -> bool:
        """Make a key worthless for good; False when it is not there or was revoked before."""
        found = self._keys.get(key_id)
        if found is None or found.revoked_us is not None:
            return False
        self._keys[key_id] = replace(found, revoked_us=at_us)
        return True


class MemoryAttempts:
    """How often a name or an address failed to sign in."""

    def __init__(self, *, kept_max: int = KEPT_MAX) -> None:
        self._kept_max = kept_max
        self._rows: dict[bytes, tuple[int, int, int]] = {}
        self._turn = Lock()

    def begin(self, free: Mapping[bytes, int], now_us: int) -> int:
        """Count one attempt against every key, or return the microseconds to wait."""
        with self._turn:
            known = {key: self._rows.get(key, (0, 0, 0)) for key in free}
            left = max(left_us(until_us, now_us) for _, _, until_us in known.values())
            if left:
                return left
            for key, allowed in free.items():
                failures = failures_now(*known[key][:2], now_us) + 1
                self._rows[key] = (failures, now_us, now_us + wait_us(failures, allowed))
            while len(self._rows) > self._kept_max:
                del self._rows[min(self._rows, key=lambda key: self._rows[key][2:0:-1])]
            return 0

    def left(self, keys: Collection[bytes], now_us: int) -> int:
        """Return the microseconds until the next attempt of all these keys; 0 for at once."""
        with self._turn:
            return max(left_us(self._rows.get(key, (0, 0, 0))[2], now_us) for key in keys)

    def forgive(self, key: bytes, *, times: int | None) -> bool:
        """Take back so many attempts of a key, or all; say whether there were any."""
        with self._turn:
            failures, last_us, _ = self._rows.get(key, (0, 0, 0))
            if times is None:
                return self._rows.pop(key, None) is not None
            if failures:
                self._rows[key] = (max(0, failures - times), last_us, 0)
            return failures > 0
