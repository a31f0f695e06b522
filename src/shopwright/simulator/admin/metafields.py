"""The metafields of one simulated shop.

https://shopify.dev/docs/apps/build/metafields
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from shopwright.simulator.admin.owners import Owner

HELD_MAX = 500_000
"""All that one simulated shop keeps; Shopify tells no such limit."""


class Metafield(Struct, frozen=True, kw_only=True):
    """One value that hangs on an owner; times are epoch microseconds."""

    number: int
    owner: Owner
    namespace: str
    key: str
    type: str
    value: str
    created_us: int
    updated_us: int

    @property
    def digest(self) -> str:
        """What ``compareDigest`` says: it follows from type and value alone."""
        return sha256(f"{self.type}\0{self.value}".encode()).hexdigest()


class Full(Exception):
    """The simulated shop keeps no more."""

    code = "INTERNAL_SERVER_ERROR"


class Metafields:
    """All of them, by owner, namespace and key."""

    def __init__(self) -> None:
        self._held: dict[Owner, dict[tuple[str, str], Metafield]] = {}
        self._last = 5_000_000
        self._count = 0

    def get(self, owner: Owner, namespace: str, key: str) -> Metafield | None:
        """Return one."""
        return self._held.get(owner, {}).get((namespace, key))

    def of(self, owner: Owner) -> Sequence[Metafield]:
        """Return everything that hangs on an owner, oldest first."""
        return sorted(self._held.get(owner, {}).values(), key=lambda one: one.number)

    def types(self, owner_type: str, namespace: str, key: str) -> Iterator[str]:
        """Yield the type of every value of that name, whoever owns it."""
        for owner, held in self._held.items():
            if owner.type == owner_type and (namespace, key) in held:
                yield held[namespace, key].type

    def room(self, more: int) -> None:
        """Raise Full unless so many more can be kept."""
        if self._count + more > HELD_MAX:
            raise Full(f"the simulated shop keeps no more than {HELD_MAX:,} metafields")

    def put(self, wanted: Metafield) -> tuple[Metafield, bool]:
        """Write one; return it as it is now, and whether that changed anything.

        ``number`` and ``created_us`` are kept from what was there; what does not change keeps
        ``updated_us`` too.
        """
        name = (wanted.namespace, wanted.key)
        held = self._held.setdefault(wanted.owner, {})
        before = held.get(name)
        if before is None:
            self._last += 1
            self._count += 1
            made = replace(wanted, number=self._last)
        elif before.digest == wanted.digest:
            return before, False
        else:
            made = replace(wanted, number=before.number, created_us=before.created_us)
        held[name] = made
        return made, True

    def remove(self, owner: Owner, namespace: str, key: str) -> bool:
        """Delete one; return whether it was there."""
        held = self._held.get(owner, {})
        if held.pop((namespace, key), None) is None:
            return False
        self._count -= 1
        if not held:
            del self._held[owner]
        return True
