"""Who asks: this machine, somebody who signed in, or a program with a key; and what each may do."""

from typing import Literal

from msgspec import Struct

from shopwright.core.types.access import ApiKey, Scope, Session, User
from shopwright.core.types.identity import StoreId

EVERYTHING = frozenset(Scope)
READING = frozenset([Scope.CONSOLE])


class Caller(Struct, frozen=True, kw_only=True):
    """Somebody who was let in."""

    kind: Literal["local", "session", "key"]
    who: str
    """As the audit trail names the caller."""
    scopes: frozenset[Scope]
    stores: frozenset[StoreId] | None
    """None means every store."""
    session: Session | None = None
    user: User | None = None

    def may_see(self, store_id: StoreId) -> bool:
        """Whether anything of this store may be shown; it need not exist."""
        return self.stores is None or store_id in self.stores


THIS_MACHINE = Caller(kind="local", who="this machine", scopes=EVERYTHING, stores=None)


def of_key(key: ApiKey) -> Caller:
    """Return what a key opens."""
    return Caller(
        kind="key",
        who=f"key {key.key_id}",
        scopes=key.scopes,
        stores=None if key.store_id is None else frozenset([key.store_id]),
    )


def of_user(user: User, session: Session) -> Caller:
    """Return what somebody who signed in may do: a viewer reads, an admin changes too.

    The metrics are sums over every store, so nobody sees them who may not see every store. Scores
    and features by the API are for programs, which have keys.
    """
    scopes = {Scope.CONSOLE}
    if user.role == "admin":
        scopes |= {Scope.ADMIN, Scope.PRIVACY}
    if user.stores is None:
        scopes.add(Scope.METRICS)
    return Caller(
        kind="session",
        who=f"user {user.name}",
        scopes=frozenset(scopes),
        stores=user.stores,
        session=session,
        user=user,
    )
