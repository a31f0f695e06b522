"""Keeps a model from learning of half a history: what Shopify counts must be here first."""

from shopwright.app.bootstrap import open_connections, open_slices
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_SECOND
from shopwright.core.errors import Refused
from shopwright.core.ports import Connections, Slices
from shopwright.core.types.identity import StoreId

CONNECTING_SECONDS = 300
"""Between a store's first step and the plan of its backfill passes no more than this."""


def is_being_read(connections: Connections, slices: Slices, store_id: StoreId, now_us: int) -> bool:
    """Return whether a store's history is on its way: its first training would see half of it."""
    known = connections.get(store_id)
    if known is None:
        return False
    of_store = slices.of(store_id)
    if not of_store:
        return 0 <= now_us - known.connected_us < CONNECTING_SECONDS * US_PER_SECOND
    return any(one.state in ("planned", "running", "told") for one in of_store)


def check_whole(settings: Settings, store_id: StoreId) -> None:
    """Raise Refused while the history of a connected store is not proven to be whole.

    Stores that are fed by webhooks and files alone have nobody to count for them.
    """
    if open_connections(settings).get(store_id) is None:
        return
    for one in open_slices(settings).of(store_id):
        if one.state == "mismatch":
            raise Refused(
                f"training waits: {one.name} does not match Shopify: {one.why}; "
                f"shopwright backfill {store_id}"
            )
        if one.state != "proven":
            raise Refused(
                f"training waits: {one.name} is not taken in yet; shopwright backfill {store_id}"
            )
