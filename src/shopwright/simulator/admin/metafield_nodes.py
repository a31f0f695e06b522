"""Metafields and their definitions as the GraphQL API shows them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from shopwright.core.clock import iso
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.simulator.admin.definitions import Definition, Definitions
from shopwright.simulator.admin.metafields import Metafield, Metafields
from shopwright.simulator.admin.nodes import Children, Hung, Node, gid
from shopwright.simulator.admin.owners import Namespaces, owner_of

_OWNING = ("Product", "ProductVariant", "Customer", "Shop")


def metafield_node(one: Metafield, definitions: Definitions, owner: Node) -> Node:
    """Return the node of a metafield."""
    definition = definitions.get(one.owner.type, one.namespace, one.key)
    return {
        "__typename": "Metafield",
        "id": gid("Metafield", one.number),
        "legacyResourceId": str(one.number),
        "namespace": one.namespace,
        "key": one.key,
        "type": one.type,
        "value": one.value,
        "jsonValue": _json_value(one),
        "sizeInBytes": len(one.value.encode()),
        "compareDigest": one.digest,
        "createdAt": iso(one.created_us)[:19] + "Z",
        "updatedAt": iso(one.updated_us)[:19] + "Z",
        "ownerType": one.owner.type,
        "owner": owner,
        "definition": definition_node(definition) if definition else None,
    }


def definition_node(one: Definition) -> Node:
    """Return the node of a definition."""
    return {
        "__typename": "MetafieldDefinition",
        "id": gid("MetafieldDefinition", one.number),
        "name": one.name,
        "namespace": one.namespace,
        "key": one.key,
        "ownerType": one.owner_type,
        "type": {"name": one.type},
        "access": {"admin": one.admin, "storefront": one.storefront},
    }


def hung_metafields(metafields: Metafields, definitions: Definitions, names: Namespaces) -> Hung:
    """Return what resolves ``metafield`` and ``metafields`` of everything that may own one."""

    def one(
        owner: Mapping[str, Any], key: str, namespace: str | None = None, **_more: Any
    ) -> Node | None:
        who = owner_of(owner["id"])
        found = who and metafields.get(who, names.full(namespace), key)
        return metafield_node(found, definitions, dict(owner)) if found else None

    def many(
        owner: Mapping[str, Any],
        namespace: str | None = None,
        keys: list[str] | None = None,
        **_more: Any,
    ) -> Children:
        who = owner_of(owner["id"])
        return Children(
            metafield_node(found, definitions, dict(owner))
            for found in (metafields.of(who) if who else ())
            if (namespace is None or found.namespace == names.full(namespace))
            and (not keys or f"{found.namespace}.{found.key}" in map(_whole(names), keys))
        )

    return {(kind, "metafield"): one for kind in _OWNING} | {
        (kind, "metafields"): many for kind in _OWNING
    }


def _whole(names: Namespaces) -> Any:
    """Return what completes a name like ``$app.key``."""

    def whole(text: str) -> str:
        namespace, _, key = text.rpartition(".")
        return f"{names.full(namespace)}.{key}"

    return whole


def _json_value(one: Metafield) -> Any:
    if one.type in ("single_line_text_field", "date_time", "number_decimal"):
        return one.value
    try:
        return msgspec.json.decode(one.value)
    except NOT_DECODABLE:
        return one.value
