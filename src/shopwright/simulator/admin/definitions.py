"""Metafield definitions of one simulated shop: an app's own, the merchant's, and standard ones.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldDefinitionCreate
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from shopwright.simulator.admin.metafield_values import TYPES
from shopwright.simulator.admin.metafields import Metafields
from shopwright.simulator.admin.owners import Namespaces

OF_A_TYPE_MAX = 256
"""Definitions for one owner type, by one app or by the merchant."""
NAME_MAX = 255
NAMESPACE_LENGTHS = (3, 255)
KEY_LENGTHS = (2, 64)
_PLAIN = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)

RECOMMENDATIONS = "shopify--discovery--product_recommendation"
STANDARD: Mapping[tuple[str, str, str], tuple[str, str]] = {
    ("PRODUCT", RECOMMENDATIONS, "related_products"): (
        "Related products",
        "list.product_reference",
    ),
    ("PRODUCT", RECOMMENDATIONS, "complementary_products"): (
        "Complementary products",
        "list.product_reference",
    ),
}
"""The templates that the simulated shop has: name and type."""


class Definition(Struct, frozen=True, kw_only=True):
    """One definition."""

    number: int
    owner_type: str
    namespace: str
    key: str
    name: str
    type: str
    admin: str
    storefront: str


class Undefined(Struct, frozen=True):
    """Why a definition was refused."""

    field: tuple[str, ...]
    message: str
    code: str


class Definitions:
    """All of one shop's, by owner type, namespace and key."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, str, str], Definition] = {}
        self._last = 700_000

    def get(self, owner_type: str, namespace: str, key: str) -> Definition | None:
        """Return the definition of a name."""
        return self._all.get((owner_type, namespace, key))

    def of(self, owner_type: str) -> Sequence[Definition]:
        """Return those of an owner type, oldest first."""
        return [one for one in self._all.values() if one.owner_type == owner_type]

    def create(
        self, asked: Mapping[str, Any], names: Namespaces, metafields: Metafields
    ) -> Definition | Undefined:
        """Define what an app asks for."""
        namespace = names.full(asked.get("namespace"))
        access = asked.get("access") or {}
        refused = _check(asked, namespace, access, names) or self._crowded(
            asked["ownerType"], namespace, asked["key"], asked["type"], names, metafields
        )
        if refused is not None:
            return refused
        own = names.is_own(namespace)
        return self._add(
            (asked["ownerType"], namespace, asked["key"]),
            (asked["name"], asked["type"]),
            access.get("admin") or ("MERCHANT_READ" if own else "PUBLIC_READ_WRITE"),
            access.get("storefront") or "NONE",
        )

    def enable(
        self, owner_type: str, namespace: str, key: str, access: Mapping[str, Any]
    ) -> Definition | Undefined:
        """Enable a standard definition."""
        place = (owner_type, namespace, key)
        if place not in STANDARD:
            said = "A standard definition wasn't found for that owner type, namespace and key."
            return Undefined((), said, "TEMPLATE_NOT_FOUND")
        if access.get("admin"):
            said = "Setting this access control is not permitted for standard definitions."
            return Undefined(("access", "admin"), said, "ADMIN_ACCESS_INPUT_NOT_ALLOWED")
        if place in self._all:
            return Undefined((), "The standard definition is already enabled.", "TAKEN")
        storefront = access.get("storefront") or "PUBLIC_READ"
        return self._add(place, STANDARD[place], "PUBLIC_READ_WRITE", storefront)

    def _crowded(
        self,
        owner_type: str,
        namespace: str,
        key: str,
        kind: str,
        names: Namespaces,
        metafields: Metafields,
    ) -> Undefined | None:
        """Return why there is no place for another definition of this name."""
        if self.get(owner_type, namespace, key) is not None:
            said = f"Key is in use for {owner_type} metafields on the '{namespace}' namespace."
            return Undefined(("definition", "key"), said, "TAKEN")
        own = names.is_own(namespace)
        beside = [one for one in self.of(owner_type) if names.is_own(one.namespace) == own]
        if len(beside) >= OF_A_TYPE_MAX:
            code = "RESOURCE_TYPE_LIMIT_EXCEEDED" + ("_BY_APP" if own else "")
            said = f"Stores can only have {OF_A_TYPE_MAX} definitions for each owner type."
            return Undefined(("definition",), said, code)
        if any(one != kind for one in metafields.types(owner_type, namespace, key)):
            said = "Values of another type are already there."
            return Undefined(("definition",), said, "UNSTRUCTURED_ALREADY_EXISTS")
        return None

    def _add(
        self, place: tuple[str, str, str], what: tuple[str, str], admin: str, storefront: str
    ) -> Definition:
        self._last += 1
        owner_type, namespace, key = place
        made = self._all[place] = Definition(
            number=self._last,
            owner_type=owner_type,
            namespace=namespace,
            key=key,
            name=what[0],
            type=what[1],
            admin=admin,
            storefront=storefront,
        )
        return made


def check_names(namespace: str, key: str) -> tuple[str, str, str] | None:
    """Return field, message and code of what is wrong with a namespace or a key."""
    for field, text, (low, high) in (
        ("namespace", namespace, NAMESPACE_LENGTHS),
        ("key", key, KEY_LENGTHS),
    ):
        name = field.capitalize()
        if len(text) < low:
            return field, f"{name} is too short (minimum is {low} characters)", "TOO_SHORT"
        if len(text) > high:
            return field, f"{name} is too long (maximum is {high} characters)", "TOO_LONG"
        if not _PLAIN.fullmatch(text):
            said = f"{name} contains one or more invalid characters."
            return field, said, "INVALID_CHARACTER"
    return None


def _check(
    asked: Mapping[str, Any], namespace: str, access: Mapping[str, Any], names: Namespaces
) -> Undefined | None:
    """Return what is wrong with a definition in itself."""
    wrong = check_names(namespace, asked["key"])
    if wrong is not None:
        return Undefined(("definition", wrong[0]), wrong[1], wrong[2])
    if names.is_foreign(namespace) or names.is_standard(namespace):
        said = "Namespace and key are reserved."
        return Undefined(("definition",), said, "RESERVED_NAMESPACE_KEY")
    return _check_content(asked, access, names.is_own(namespace))


def _check_content(
    asked: Mapping[str, Any], access: Mapping[str, Any], is_own: bool
) -> Undefined | None:
    if not asked["name"].strip():
        return Undefined(("definition", "name"), "Name can't be blank", "BLANK")
    if len(asked["name"]) > NAME_MAX:
        said = f"Name is too long (maximum is {NAME_MAX} characters)"
        return Undefined(("definition", "name"), said, "TOO_LONG")
    if asked["type"] not in TYPES:
        said = f"Type name {asked['type']} is not a valid type here: {', '.join(TYPES)}"
        return Undefined(("definition", "type"), said, "INCLUSION")
    if access.get("admin") and not is_own:
        said = "Setting this access control is not permitted outside of the app's own namespace."
        field = ("definition", "access", "admin")
        return Undefined(field, said, "ADMIN_ACCESS_INPUT_NOT_ALLOWED")
    return None
