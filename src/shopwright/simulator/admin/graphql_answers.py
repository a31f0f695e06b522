"""Executes a GraphQL document against what a simulated shop holds."""

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphql import GraphQLResolveInfo

from shopwright.core.errors import BadInput
from shopwright.simulator.admin.nodes import Children, Node, number
from shopwright.simulator.admin.search import parse

PAGE_MAX = 250


def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """Return a field of a node: a dictionary's value, paged when it stands for a connection.

    The context holds what hangs on nodes without being part of them (``Hung``).
    """
    hung = info.context.get((info.parent_type.name, info.field_name)) if info.context else None
    value = source.get(info.field_name) if isinstance(source, dict) else None
    if hung is not None:
        value = hung(source, **arguments)
    elif callable(value):
        return value(info, **arguments)
    if isinstance(value, Children):
        return page(_matching(value, arguments.get("query")), arguments)
    if info.field_name == "quantities":
        return [one for one in value or () if one["name"] in arguments["names"]]
    return value


def _matching(nodes: Children, query: str | None) -> Children:
    """Return the nodes below another one that a search finds."""
    if not query:
        return nodes
    matches = parse(query, {"updated_at": "updatedAt"})
    found = Children(node for node in nodes if matches(node))
    found.place = nodes.place
    return found


def page(nodes: Children, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of a connection. Raises BadInput without ``first`` or ``last``."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise BadInput("you must provide one of first or last")
    if max(first or 0, last or 0) > PAGE_MAX:
        raise BadInput(f"the page size is limited to {PAGE_MAX}")
    found = list(reversed(nodes)) if arguments.get("reverse") else list(nodes)
    start = _after(found, nodes.place, arguments)
    end = start + first if first is not None else len(found)
    if first is None:
        start = max(start, len(found) - (last or 0))
    chosen = found[start:end]
    cursors = [_cursor(nodes.place(node)) for node in chosen]
    return {
        "nodes": chosen,
        "edges": [
            {"cursor": cursor, "node": node} for cursor, node in zip(cursors, chosen, strict=True)
        ],
        "pageInfo": {
            "hasNextPage": end < len(found),
            "hasPreviousPage": start > 0,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def ordered(nodes: Iterable[Node], sort_key: str) -> Children:
    """Return nodes by one of the sort keys, equal ones by their number."""
    field = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt", "PROCESSED_AT": "processedAt"}
    name = field.get(sort_key)

    def place(node: Node) -> tuple[str, int]:
        return (node[name] if name else ""), number(node)

    found = Children(sorted(nodes, key=place))
    found.place = place
    return found


def count(found: int, limit: int | None) -> dict[str, Any]:
    """Return a count, which says when it stopped counting."""
    if limit is not None and found > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": found, "precision": "EXACT"}


def _cursor(place: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(f"{place[0]}|{place[1]}".encode()).decode()


def _after(
    nodes: list[Node], place: Callable[[Node], tuple[str, int]], arguments: Mapping[str, Any]
) -> int:
    """Return where the page begins: behind the cursor's place, even when its node has moved."""
    cursor = arguments.get("after")
    if cursor is None:
        return 0
    try:
        text, _, last = base64.urlsafe_b64decode(cursor).decode().partition("|")
        mark = (text, int(last))
    except ValueError:
        raise BadInput("the cursor is of no page of this connection") from None
    backwards = bool(arguments.get("reverse"))
    for index, node in enumerate(nodes):
        if (place(node) < mark) if backwards else (place(node) > mark):
            return index
    return len(nodes)
