"""Users, sessions and keys in memory, with passwords that cost next to nothing to check."""

import os

from shopwright.adapters.memory_access import (
    MemoryApiKeys,
    MemoryAttempts,
    MemoryAudit,
    MemorySessions,
    MemoryUsers,
)
from shopwright.app.web.sign_in import AccessParts
from shopwright.core.types.access import ApiKey, Role, Scope, User
from shopwright.core.types.identity import StoreId
from shopwright.privacy.api_tokens import make, secret_hash
from shopwright.privacy.passwords import Cost, keep

CHEAP = Cost(2, 1, 1)
PASSWORD = "seven brass lanterns"


def made_access() -> AccessParts:
    """Return the parts that decide who is let in; nobody is there yet."""
    return AccessParts(
        users=MemoryUsers(),
        sessions=MemorySessions(),
        api_keys=MemoryApiKeys(),
        attempts=MemoryAttempts(),
        audit=MemoryAudit(),
        key=b"k" * 32,
        entropy=os.urandom,
        cost=CHEAP,
    )


def add_user(
    parts: AccessParts,
    name: str,
    role: Role = "admin",
    stores: frozenset[StoreId] | None = None,
    *,
    password: str = PASSWORD,
) -> User:
    """Add somebody who can sign in."""
    kept = keep(password, os.urandom(16), parts.cost)
    user = User(name=name, role=role, stores=stores, password=kept, password_us=1, made_us=1)
    assert parts.users.add(user)
    return user


def add_key(
    parts: AccessParts,
    store_id: StoreId | None,
    *scopes: Scope,
    expires_us: int | None = None,
    revoked_us: int | None = None,
) -> str:
    """Add an API key; return the token."""
    token, shown = make(os.urandom(8), os.urandom(32))
    key = ApiKey(
        key_id=shown.key_id,
        store_id=store_id,
        scopes=frozenset(scopes),
        secret_hash=secret_hash(shown.secret),
        note="",
        made_by="test",
        made_us=1,
        expires_us=expires_us,
        revoked_us=revoked_us,
    )
    assert parts.api_keys.add(key)
    return token
