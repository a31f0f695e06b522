"""Bulk operations: a query over everything, whose result is a file of JSON lines.

Each node of a connection is a line; a child names its parent in ``__parentId``.
https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    parse,
    validate,
)
from msgspec import Struct

from shopwright.core.errors import BadInput
from shopwright.simulator.admin.nodes import Children, Hung, Node

CONNECTIONS_MAX = 5
DEPTH_MAX = 2
RUNNING_MAX = 5
FILE_DAYS = 7
_encode = msgspec.json.Encoder().encode


class BulkOperation(Struct, kw_only=True):
    """One operation; times are epoch microseconds."""

    number: int
    query: str
    created_us: int
    done_us: int
    """When it will be, or was, done."""
    lines: list[bytes]
    roots: int
    status: str = "RUNNING"
    error_code: str | None = None
    type: str = "QUERY"
    steps: int = 0
    """How many lines a mutation writes; those of a query are written when it starts."""
    step: Callable[[int, int], bytes] | None = None
    """Does one line's work at an instant, and returns the line."""

    def settle(self, now_us: int) -> None:
        """Let the work go on as far as its time has come, and end."""
        if self.status != "RUNNING":
            return
        if self.step is not None:
            passed = min(max(now_us - self.created_us, 0), self.done_us - self.created_us)
            until = self.steps * passed // (self.done_us - self.created_us)
            for number in range(len(self.lines), until):
                self.lines.append(self.step(number, now_us))
            self.roots = len(self.lines)
        if now_us >= self.done_us:
            self.status = "FAILED" if self.error_code else "COMPLETED"
            self.step = None


class BulkQuery:
    """A checked query: which connection is read, with which arguments, and what of each node."""

    def __init__(self, schema: GraphQLSchema, text: str) -> None:
        """Raises BadInput with what is wrong, in the API's manner."""
        document = _parsed(text)
        problems = validate(schema, document)
        if problems:
            raise BadInput(f"Invalid bulk query: {problems[0].message}")
        self._schema = schema
        self._hung: Hung = {}
        root = _only_field(document)
        self.connection = root.name.value
        self.arguments = {one.name.value: _literal(one.value) for one in root.arguments or ()}
        assert schema.query_type is not None
        kind = get_named_type(schema.query_type.fields[self.connection].type)
        if not kind.name.endswith("Connection"):
            raise BadInput("Bulk queries must contain at least one connection.")
        self._selections, self._kind = _node_selections(root, kind)
        connections, depth = self._nesting(self._selections, self._kind, 0)
        if connections + 1 > CONNECTIONS_MAX:
            raise BadInput("Bulk queries cannot contain more than 5 connections.")
        if depth > DEPTH_MAX:
            raise BadInput("Bulk queries cannot contain connections with a nesting depth over 2.")

    def lines(
        self, nodes: Iterator[Node], hung: Hung | None = None
    ) -> Iterator[tuple[bool, bytes]]:
        """Yield (whether it is a root, line) for every node, parents before children."""
        self._hung = hung or {}
        for node in nodes:
            yield from self._node_lines(node, self._selections, None, is_root=True)

    def _node_lines(
        self, node: Node, selections: SelectionSetNode, parent: str | None, *, is_root: bool
    ) -> Iterator[tuple[bool, bytes]]:
        told, below = self._projected(node, selections)
        if parent is not None:
            told["__parentId"] = parent
        yield is_root, _encode(told)
        for children, inner in below:
            for child in children:
                yield from self._node_lines(child, inner, node["id"], is_root=False)

    def _projected(
        self, node: Mapping[str, Any], selections: SelectionSetNode
    ) -> tuple[dict[str, Any], list[tuple[Children, SelectionSetNode]]]:
        told: dict[str, Any] = {}
        below: list[tuple[Children, SelectionSetNode]] = []
        for one in selections.selections:
            if isinstance(one, InlineFragmentNode):
                name = one.type_condition.name.value if one.type_condition else ""
                if not name or self._is_a(node["__typename"], name):
                    inner, more = self._projected(node, one.selection_set)
                    told |= inner
                    below += more
            elif isinstance(one, FieldNode):
                key = one.alias.value if one.alias else one.name.value
                value = self._field(node, one)
                if isinstance(value, Children):
                    below.append((value, _of_nodes(one)))
                else:
                    told[key] = self._value(value, one)
        return told, below

    def _field(self, node: Mapping[str, Any], field: FieldNode) -> Any:
        hung = self._hung.get((node.get("__typename", ""), field.name.value))
        if hung is None:
            return node[field.name.value]
        return hung(node, **{one.name.value: _literal(one.value) for one in field.arguments or ()})

    def _value(self, value: Any, field: FieldNode) -> Any:
        if field.selection_set is None or value is None:
            return value
        if isinstance(value, list):
            return [self._projected(one, field.selection_set)[0] for one in value]
        return self._projected(value, field.selection_set)[0]

    def _is_a(self, kind: str, wanted: str) -> bool:
        if kind == wanted:
            return True
        interfaces = getattr(self._schema.type_map[kind], "interfaces", ())
        return any(one.name == wanted for one in interfaces)

    def _nesting(self, selections: SelectionSetNode, kind: Any, depth: int) -> tuple[int, int]:
        """Return (connections, deepest nesting) below a node."""
        count, deepest = 0, depth
        for one in selections.selections:
            if isinstance(one, InlineFragmentNode):
                name = one.type_condition.name.value if one.type_condition else kind.name
                more, deep = self._nesting(one.selection_set, self._schema.type_map[name], depth)
            elif isinstance(one, FieldNode) and one.selection_set is not None:
                inner = get_named_type(kind.fields[one.name.value].type)
                if inner.name.endswith("Connection"):
                    nodes, node_kind = _node_selections(one, inner)
                    more, deep = self._nesting(nodes, node_kind, depth + 1)
                    more += 1
                else:
                    more, deep = self._nesting(one.selection_set, inner, depth)
            else:
                continue
            count, deepest = count + more, max(deepest, deep)
        return count, deepest


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(text)
    except GraphQLError as error:
        raise BadInput(f"Invalid bulk query: {error.message}") from None


def _only_field(document: DocumentNode) -> FieldNode:
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    fields = operation.selection_set.selections
    if len(fields) != 1 or not isinstance(fields[0], FieldNode):
        raise BadInput("Bulk queries must have exactly one top-level field.")
    return fields[0]


def _of_nodes(connection: FieldNode) -> SelectionSetNode:
    """Return what is selected of each node of a connection."""
    for one in connection.selection_set.selections if connection.selection_set else ():
        if isinstance(one, FieldNode) and one.selection_set is not None:
            if one.name.value == "nodes":
                return one.selection_set
            for inner in one.selection_set.selections:
                if isinstance(inner, FieldNode) and inner.name.value == "node":
                    assert inner.selection_set is not None
                    return inner.selection_set
    raise BadInput("Connection fields in a bulk query must contain edges and node.")


def _node_selections(connection: FieldNode, kind: Any) -> tuple[SelectionSetNode, Any]:
    selections = _of_nodes(connection)
    node_kind = get_named_type(kind.fields["nodes"].type)
    chosen = {one.name.value for one in selections.selections if isinstance(one, FieldNode)}
    if "id" not in chosen:
        raise BadInput("The parent node of a nested connection must select the id field.")
    return selections, node_kind


def _literal(value: Any) -> Any:
    return getattr(value, "value", None)
