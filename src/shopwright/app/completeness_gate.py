"""Keeps a model from learning of half a history: what Shopify counts must be here first."""

from shopwright.app.bootstrap import open_connections, open_slices
from shopwright.app.settings import Settings
from shopwright.core.errors import Refused
from shopwright.core.types.identity import StoreId


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
