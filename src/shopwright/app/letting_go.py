"""Forgets how a store was reached: its credential, its connection, how far its backfill was."""

from shopwright.app.bootstrap import open_connections, open_slices, open_vault
from shopwright.app.settings import Settings
from shopwright.core.types.identity import StoreId


def let_go(settings: Settings, store_id: StoreId) -> int:
    """Destroy what is kept here of a store's connection; say how many things it was."""
    gone = int(open_vault(settings).forget(store_id))
    gone += int(open_connections(settings).forget(store_id))
    return gone + open_slices(settings).forget(store_id)
