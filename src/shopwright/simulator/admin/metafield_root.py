"""The root fields of the simulated Admin API that have to do with metafields."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from shopwright.simulator.admin.asked import Asked
from shopwright.simulator.admin.changes import few
from shopwright.simulator.admin.definitions import Definition, Undefined
from shopwright.simulator.admin.graphql_answers import ordered, page
from shopwright.simulator.admin.metafield_nodes import definition_node, metafield_node
from shopwright.simulator.admin.metafield_writes import Writes
from shopwright.simulator.admin.nodes import Node
from shopwright.simulator.admin.owners import SCOPE_OF, Namespaces, Owner, owner_of
from shopwright.simulator.admin.state import ShopState


class MetafieldRoot:
    """What one request may ask and change of metafields."""

    def __init__(
        self,
        shop: ShopState,
        asked: Asked,
        names: Namespaces,
        node: Callable[[Owner], Node],
    ) -> None:
        """``node`` gives an owner's node."""
        self._shop = shop
        self._asked = asked
        self._names = names
        self._node = node
        self._writes = Writes(shop.metafields, shop.definitions, shop.holdings, names)

    def fields(self) -> dict[str, Callable[..., Any]]:
        """Return the resolvers."""
        return {
            "metafieldsSet": lambda _info, metafields: self._set(metafields),
            "metafieldsDelete": lambda _info, metafields: self._delete(metafields),
            "metafieldDefinitionCreate": lambda _info, definition: self._define(definition),
            "standardMetafieldDefinitionEnable": self._enable,
            "metafieldDefinitions": self._definitions,
        }

    def _set(self, asked: Sequence[Mapping[str, Any]]) -> Node:
        few(asked)
        self._need(asked)
        now, changed, problems = self._writes.write(asked, self._asked.now_us)
        self._tell(changed)
        return {
            "metafields": [
                metafield_node(one, self._shop.definitions, self._node(one.owner)) for one in now
            ],
            "userErrors": [
                {"field": list(one.field), "message": one.message, "code": one.code}
                for one in problems
            ],
        }

    def _delete(self, asked: Sequence[Mapping[str, Any]]) -> Node:
        few(asked)
        self._need(asked)
        gone, changed, wrong = self._writes.delete(asked)
        self._tell(changed)
        problems = [{"field": ["metafields"], "message": wrong}] if wrong else []
        return {"deletedMetafields": gone, "userErrors": problems}

    def _define(self, asked: Mapping[str, Any]) -> Node:
        self._may("write_", asked["ownerType"])
        made = self._shop.definitions.create(asked, self._names, self._shop.metafields)
        return _defined(made)

    def _enable(
        self,
        _info: Any,
        ownerType: str,  # noqa: N803
        namespace: str | None = None,
        key: str | None = None,
        access: Mapping[str, Any] | None = None,
        **_more: Any,
    ) -> Node:
        self._may("write_", ownerType)
        return _defined(
            self._shop.definitions.enable(ownerType, namespace or "", key or "", access or {})
        )

    def _definitions(
        self,
        _info: Any,
        ownerType: str,  # noqa: N803
        namespace: str | None = None,
        key: str | None = None,
        **more: Any,
    ) -> Node:
        self._may("read_", ownerType)
        wanted = None if namespace is None else self._names.full(namespace)
        nodes = [
            definition_node(one)
            for one in self._shop.definitions.of(ownerType)
            if wanted in (None, one.namespace) and key in (None, one.key)
        ]
        return page(ordered(nodes, "ID"), more)

    def _need(self, asked: Sequence[Mapping[str, Any]]) -> None:
        """Raise Denied unless the app may write everything that is named."""
        owners = [owner_of(one["ownerId"]) for one in asked]
        for kind in sorted({one.type for one in owners if one is not None}):
            self._may("write_", kind)

    def _may(self, verb: str, owner_type: str) -> None:
        if SCOPE_OF[owner_type]:
            self._asked.need(verb + SCOPE_OF[owner_type])

    def _tell(self, changed: Iterable[Owner]) -> None:
        timezone = self._shop.profile.season.timezone
        for owner in sorted(changed, key=lambda one: one.id):
            self._shop.caused.changed(owner, self._shop.holdings, timezone, self._asked.now_us)


def _defined(made: Definition | Undefined) -> Node:
    if isinstance(made, Undefined):
        problem = {"field": list(made.field) or None, "message": made.message, "code": made.code}
        return {"createdDefinition": None, "userErrors": [problem]}
    return {"createdDefinition": definition_node(made), "userErrors": []}
