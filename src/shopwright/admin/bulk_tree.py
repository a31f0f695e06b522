"""Puts the lines of a bulk operation's file together again: each root with its children inside it.

A child names its parent and may stand anywhere in the file, before its parent too.
https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Unreadable

LINE_BYTES_MAX = 16 << 20


class Line(Struct, frozen=True, gc=False):
    """What must be known of a line to put it in its place."""

    id: str
    parent_id: str | None = msgspec.field(name="__parentId", default=None)
    kind: str = msgspec.field(name="__typename", default="")

    @property
    def may_have_children(self) -> bool:
        """Whether other lines may name this one as their parent."""
        return self.parent_id is None or self.kind.endswith("Agreement")


_CHILDREN: Mapping[str, tuple[str, ...]] = {
    "Order": ("lineItems", "agreements"),
    "Product": ("variants",),
    "Agreement": ("sales",),
    "InventoryItem": ("inventoryLevels",),
}
_PLACES = {
    "LineItem": "lineItems",
    "ProductVariant": "variants",
    "InventoryLevel": "inventoryLevels",
}
_LEFT_OUT = ("__parentId", "__typename")


def read_line(line: bytes) -> Line:
    """Return who a line is about and whose child it is. Raises Unreadable."""
    try:
        return _LINE.decode(line)
    except NOT_DECODABLE:
        raise Unreadable("a line of the bulk operation's file is no JSON with an id") from None


_Below = Mapping[str, list[tuple[Line, bytes]]]


def assemble(root: bytes, children: Sequence[bytes]) -> bytes:
    """Return a root with everything below it as one JSON object.

    The same tree gives the same bytes in whatever order its lines came. Raises Unreadable.
    """
    by_parent: dict[str, list[tuple[Line, bytes]]] = {}
    for child in children:
        line = read_line(child)
        by_parent.setdefault(line.parent_id or "", []).append((line, child))
    return msgspec.json.encode(_node(read_line(root), root, by_parent))


def _node(line: Line, text: bytes, by_parent: _Below) -> dict[str, object]:
    fields = _decoded(text)
    kind = line.kind
    node: dict[str, object] = {k: v for k, v in fields.items() if k not in _LEFT_OUT}
    for place in _CHILDREN.get("Agreement" if kind.endswith("Agreement") else kind, ()):
        node[place] = []
    for child, inner in sorted(by_parent.get(line.id, ()), key=_by_id):
        below = node.setdefault(_place(child.kind), [])
        assert isinstance(below, list)
        below.append(_node(child, inner, by_parent))
    return node


def _by_id(one: tuple[Line, bytes]) -> tuple[int, str]:
    return len(one[0].id), one[0].id


def _decoded(line: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _FIELDS.decode(line)
    except NOT_DECODABLE:
        raise Unreadable("a line of the bulk operation's file is no JSON object") from None


def _place(kind: str) -> str:
    if kind.endswith("Agreement"):
        return "agreements"
    if kind.endswith("Sale"):
        return "sales"
    found = _PLACES.get(kind)
    if found is None:
        raise Unreadable("the bulk operation's file holds a child of an unknown kind")
    return found


_LINE = msgspec.json.Decoder(Line)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
