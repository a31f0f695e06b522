"""What a query costs, and the bucket that pays for it: the rules that Shopify publishes.

An object costs 1, a scalar nothing, a connection as much as the nodes that it may return, and a
mutation 10. The requested cost is taken first; what the answer did not need is given back.
https://shopify.dev/docs/api/usage/limits
"""

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)
from msgspec import Struct

from shopwright.core.clock import US_PER_SECOND

QUERY_COST_MAX = 1_000.0
MUTATION_COST = 10.0


class Bucket:
    """A leaky bucket of points."""

    def __init__(self, maximum: float, restore_rate: float, now_us: int) -> None:
        self.maximum = maximum
        self.restore_rate = restore_rate
        self._holds = maximum
        self._at_us = now_us

    def holds(self, now_us: int) -> float:
        """Return what is in it."""
        passed = max(0, now_us - self._at_us) / US_PER_SECOND
        self._holds = min(self.maximum, self._holds + passed * self.restore_rate)
        self._at_us = max(self._at_us, now_us)
        return self._holds

    def take(self, points: float, now_us: int) -> bool:
        """Take points; False, and nothing is taken, when it holds fewer."""
        if self.holds(now_us) < points:
            return False
        self._holds -= points
        return True

    def give_back(self, points: float) -> None:
        """Give back what was not needed."""
        self._holds = min(self.maximum, self._holds + points)


class Cost(Struct, frozen=True):
    """What a request costs, and the buckets' state after it, as the API tells it."""

    requested: float
    actual: float | None
    bucket: Bucket

    def told(self, now_us: int) -> dict[str, Any]:
        """Return the ``extensions.cost`` of an answer."""
        return {
            "requestedQueryCost": self.requested,
            "actualQueryCost": self.actual,
            "throttleStatus": {
                "maximumAvailable": self.bucket.maximum,
                "currentlyAvailable": int(self.bucket.holds(now_us)),
                "restoreRate": self.bucket.restore_rate,
            },
        }


def requested_cost(
    schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any] | None = None
) -> float:
    """Return what a valid document costs at most."""
    fragments = {
        one.name.value: one
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    counting = _Counting(schema, fragments, variables or {})
    return sum(
        counting.operation(one)
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode)
    )


def actual_cost(data: Any) -> float:
    """Return what an answer cost: its objects."""
    if isinstance(data, dict):
        return 1.0 + sum(actual_cost(value) for value in data.values())
    if isinstance(data, list):
        return sum(actual_cost(value) for value in data)
    return 0.0


class _Counting:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        variables: dict[str, Any],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables

    def operation(self, node: OperationDefinitionNode) -> float:
        mutates = node.operation.value == "mutation"
        root = self._schema.mutation_type if mutates else self._schema.query_type
        cost = self._selections(node.selection_set, root)
        return max(MUTATION_COST, cost) if mutates else cost

    def _selections(self, selections: SelectionSetNode | None, parent: Any) -> float:
        if selections is None:
            return 0.0
        return sum(self._selection(one, parent) for one in selections.selections)

    def _selection(self, node: Any, parent: Any) -> float:
        if isinstance(node, InlineFragmentNode):
            name = node.type_condition.name.value if node.type_condition else parent.name
            return self._selections(node.selection_set, self._schema.type_map[name])
        if isinstance(node, FragmentSpreadNode):
            fragment = self._fragments[node.name.value]
            kind = self._schema.type_map[fragment.type_condition.name.value]
            return self._selections(fragment.selection_set, kind)
        return self._field(node, parent)

    def _field(self, node: FieldNode, parent: Any) -> float:
        if node.name.value.startswith("__"):
            return 0.0
        kind = get_named_type(parent.fields[node.name.value].type)
        if not is_composite_type(kind):
            return 0.0
        if kind.name.endswith("Connection"):
            return 2.0 + self._size(node) * self._nodes(node, kind)
        return 1.0 + self._selections(node.selection_set, kind)

    def _nodes(self, node: FieldNode, connection: Any) -> float:
        """Return what one node of a connection costs: whether through ``edges`` or ``nodes``."""
        assert isinstance(connection, GraphQLObjectType)
        cost = 0.0
        for one in node.selection_set.selections if node.selection_set else ():
            if not isinstance(one, FieldNode) or one.name.value == "pageInfo":
                continue
            kind = get_named_type(connection.fields[one.name.value].type)
            if one.name.value == "nodes":
                cost += 1.0 + self._selections(one.selection_set, kind)
            elif one.name.value == "edges":
                cost += self._selections(one.selection_set, kind)
        return cost

    def _size(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                value = argument.value
                if isinstance(value, IntValueNode):
                    return int(value.value)
                if isinstance(value, VariableNode):
                    return int(self._variables.get(value.name.value) or 0)
        return 1
