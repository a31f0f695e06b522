"""Has a store asked at once when a webhook says that the app is gone, or its scopes changed.

The topic of a delivery is not signed, so nothing is believed of it: the healer asks Shopify, and
what the token may or may not do is the answer.
"""

from collections.abc import Callable

from msgspec.structs import replace

from shopwright.app.bootstrap import open_connections
from shopwright.app.settings import Settings
from shopwright.core.ports import Connections
from shopwright.core.types.identity import StoreId

HINTS = frozenset({"app/uninstalled", "app/scopes_update"})
LONG_AGO_US = 1


def ask_soon(connections: Connections, store_id: StoreId) -> None:
    """Make a connected store's look due now."""
    connections.change(store_id, lambda known: replace(known, looked_us=LONG_AGO_US))


def asking_soon(settings: Settings) -> Callable[[StoreId], None]:
    """Return the function for a web process; the file is opened when it is first needed."""
    opened: list[Connections] = []

    def ask(store_id: StoreId) -> None:
        if not opened:
            opened.append(open_connections(settings))
        ask_soon(opened[0], store_id)

    return ask
