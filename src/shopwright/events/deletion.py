"""Reads ``…/delete``: Shopify tells which thing is gone, and nothing else of it.

Only the body of a delivery is signed, not its topic. So the whole of an order, genuine and signed,
must not delete that order when somebody who once saw it sends it again as ``orders/delete``.
"""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from shopwright.core.errors import Unreadable
from shopwright.events.reading import ShopifyId, check_kind, decode, first_id

Unsaid = msgspec.Raw | UnsetType
"""A field whose value does not matter, only whether the payload has it."""


class DeletionPayload(Struct, frozen=True, gc=False):
    """An id, and what every other body has at least one of."""

    id: ShopifyId | None = None
    admin_graphql_api_id: str | None = None
    created_at: Unsaid = UNSET
    updated_at: Unsaid = UNSET
    line_items: Unsaid = UNSET
    order_id: Unsaid = UNSET
    variants: Unsaid = UNSET


def deleted_id(body: bytes, kind: str) -> str:
    """Return the id of what was deleted; ``kind`` is GraphQL's name of it.

    Raises Unreadable for a body that tells more than an id, or that names another kind of thing.
    """
    payload = decode(_DECODER, body)
    check_kind(payload.admin_graphql_api_id, kind)
    found = first_id("`id`", payload.id, payload.admin_graphql_api_id)
    others = (
        payload.created_at,
        payload.updated_at,
        payload.line_items,
        payload.order_id,
        payload.variants,
    )
    if any(other is not UNSET for other in others):
        raise Unreadable("a deletion tells an id and no more, and this body tells more")
    return found


_DECODER = msgspec.json.Decoder(DeletionPayload)
