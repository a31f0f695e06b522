"""Who may do what: people with a role, programs with a key, and what each scope opens."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from shopwright.core.types.identity import StoreId

Role = Literal["admin", "viewer"]


class Scope(StrEnum):
    """One kind of thing that may be done; a route needs one, a key or session has some."""

    PREDICT = "predict"
    """Scores of the store's customers."""
    FEATURES = "features"
    """Features of the store's customers."""
    CONSOLE = "console"
    """Reading all that the console shows."""
    METRICS = "metrics"
    """The numbers of the whole installation: every store in one sum."""
    PRIVACY = "privacy"
    """Receipts of what was erased."""
    ADMIN = "admin"
    """Changing something."""


class User(Struct, frozen=True, kw_only=True):
    """A person who may sign in to the console."""

    name: str
    role: Role
    stores: frozenset[StoreId] | None
    """What the person sees; None means every store."""
    password: str
    """scrypt's parameters, salt and digest; never the password."""
    password_us: int
    """When the password was last changed: a session of an earlier one is worth nothing."""
    made_us: int


class Session(Struct, frozen=True, kw_only=True):
    """One sign-in of a person with one browser."""

    token_hash: bytes
    """SHA-256 of the cookie's token, which itself is nowhere kept."""
    user: str
    csrf: str
    """What a page must repeat with everything that changes something."""
    password_us: int
    made_us: int
    seen_us: int


class ApiKey(Struct, frozen=True, kw_only=True):
    """What a program shows instead of signing in."""

    key_id: str
    store_id: StoreId | None
    """None means every store."""
    scopes: frozenset[Scope]
    secret_hash: bytes
    """SHA-256 of the secret part, which was shown once."""
    note: str
    made_by: str
    made_us: int
    expires_us: int | None = None
    revoked_us: int | None = None

    def is_good(self, now_us: int) -> bool:
        """Whether the key opens anything now."""
        return self.revoked_us is None and (self.expires_us is None or now_us < self.expires_us)
