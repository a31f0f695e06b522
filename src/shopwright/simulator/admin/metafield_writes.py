"""``metafieldsSet`` and ``metafieldsDelete``: everything that is asked for, or nothing.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldsSet
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from shopwright.simulator.admin.definitions import Definitions, check_names
from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.admin.metafield_values import TYPES, check
from shopwright.simulator.admin.metafields import Metafield, Metafields
from shopwright.simulator.admin.owners import Namespaces, Owner, owner_of

AT_ONCE_MAX = 25
BYTES_AT_ONCE_MAX = 10 << 20
_FORBIDDEN = "Access to this namespace and key on Metafields for this resource type is not allowed."
_STALE = (
    "The resource has been updated since it was loaded. "
    "Try again with an updated `compareDigest` value."
)


class Problem(Struct, frozen=True):
    """Why a write was refused, as the API names it."""

    field: tuple[str, ...]
    message: str
    code: str


class Writes:
    """The writes of one app to one shop's metafields."""

    def __init__(
        self,
        metafields: Metafields,
        definitions: Definitions,
        holdings: Holdings,
        names: Namespaces,
    ) -> None:
        self._metafields = metafields
        self._definitions = definitions
        self._holdings = holdings
        self._names = names

    def write(
        self, asked: Sequence[Mapping[str, Any]], now_us: int
    ) -> tuple[list[Metafield], set[Owner], list[Problem]]:
        """Write all or nothing; return what is there now, whose changed, and what was wrong."""
        problems = _too_much(asked)
        wanted: list[Metafield] = []
        for index, one in enumerate(asked if not problems else ()):
            made = self._wanted(one, now_us)
            if isinstance(made, Metafield):
                wanted.append(made)
            else:
                where = ("metafields", str(index), *made.field)
                problems.append(Problem(where, made.message, made.code))
        if problems:
            return [], set(), problems
        self._metafields.room(len(wanted))
        written = [self._metafields.put(one) for one in wanted]
        changed = {one.owner for one, is_new in written if is_new}
        return [one for one, _ in written], changed, []

    def delete(
        self, asked: Sequence[Mapping[str, Any]]
    ) -> tuple[list[dict[str, str] | None], set[Owner], str]:
        """Delete; return what was there (None: nothing), whose it was, and what was wrong."""
        if any(self._closed(self._names.full(one["namespace"])) for one in asked):
            return [], set(), _FORBIDDEN
        gone: list[dict[str, str] | None] = []
        changed: set[Owner] = set()
        for one in asked:
            owner, namespace = owner_of(one["ownerId"]), self._names.full(one["namespace"])
            if owner is None or not self._metafields.remove(owner, namespace, one["key"]):
                gone.append(None)
                continue
            changed.add(owner)
            gone.append({"ownerId": owner.id, "namespace": namespace, "key": one["key"]})
        return gone, changed, ""

    def _wanted(self, asked: Mapping[str, Any], now_us: int) -> Metafield | Problem:
        """Return what one input asks for, or what is wrong with it."""
        owner = owner_of(asked["ownerId"])
        if owner is None or not self._is_there(asked["ownerId"]):
            return Problem(("ownerId",), "Owner does not exist.", "INVALID")
        namespace, key = self._names.full(asked.get("namespace")), asked["key"]
        named = check_names(namespace, key)
        if named is not None:
            field, message, code = named
            return Problem((field,), message, "INVALID" if code == "INVALID_CHARACTER" else code)
        if self._closed(namespace) or self._not_enabled(owner, namespace, key):
            return Problem((), _FORBIDDEN, "APP_NOT_AUTHORIZED")
        kind = self._type(owner, namespace, asked)
        if isinstance(kind, Problem):
            return kind
        wrong = check(kind, asked["value"], self._is_there)
        if wrong is not None:
            return Problem(("value",), wrong.message, wrong.code)
        stale = self._stale(owner, namespace, asked)
        return stale or Metafield(
            number=0,
            owner=owner,
            namespace=namespace,
            key=key,
            type=kind,
            value=asked["value"],
            created_us=now_us,
            updated_us=now_us,
        )

    def _type(self, owner: Owner, namespace: str, asked: Mapping[str, Any]) -> str | Problem:
        """Return the type: the definition's, which may be left out, or the one that is given."""
        given: str = asked.get("type") or ""
        defined = self._definitions.get(owner.type, namespace, asked["key"])
        if defined is not None:
            if given in ("", defined.type):
                return defined.type
            said = (
                f"Type '{given}' must be consistent with the definition's type: '{defined.type}'."
            )
            return Problem(("type",), said, "INVALID_TYPE")
        if not given:
            return Problem(("type",), "Type can't be blank", "BLANK")
        if given not in TYPES:
            said = f"Type must be one of the following: {', '.join(TYPES)}."
            return Problem(("type",), said, "INVALID_TYPE")
        return given

    def _stale(self, owner: Owner, namespace: str, asked: Mapping[str, Any]) -> Problem | None:
        """Compare with the digest that was given; null says that nothing must be there yet."""
        if "compareDigest" not in asked:
            return None
        there = self._metafields.get(owner, namespace, asked["key"])
        digest = asked["compareDigest"]
        if digest is not None and there is None:
            return Problem((), "Invalid `compareDigest` value.", "INVALID_COMPARE_DIGEST")
        if digest != (there.digest if there else None):
            return Problem((), _STALE, "STALE_OBJECT")
        return None

    def _closed(self, namespace: str) -> bool:
        return self._names.is_foreign(namespace)

    def _not_enabled(self, owner: Owner, namespace: str, key: str) -> bool:
        """Return whether a standard name is used that the shop has not enabled."""
        standard = self._names.is_standard(namespace)
        return standard and self._definitions.get(owner.type, namespace, key) is None

    def _is_there(self, text: str) -> bool:
        owner = owner_of(text)
        if owner is None:
            return False
        return owner == Owner("Shop", 1) or (
            self._holdings.node(owner.typename, owner.number) is not None
        )


def _too_much(asked: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Return what is wrong with a request as a whole."""
    code = "LESS_THAN_OR_EQUAL_TO"
    if len(asked) > AT_ONCE_MAX:
        said = f"Exceeded the maximum metafields input limit of {AT_ONCE_MAX}."
        return [Problem(("metafields",), said, code)]
    if sum(len(one["value"].encode()) for one in asked) > BYTES_AT_ONCE_MAX:
        said = "Exceeded the maximum total size of 10 MB for metafields."
        return [Problem(("metafields",), said, code)]
    return []
