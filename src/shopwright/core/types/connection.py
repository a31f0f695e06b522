"""How a store is reached through Shopify's Admin API, and how much of it has been taken in."""

from typing import Literal

from msgspec import Struct

from shopwright.core.types.identity import StoreId

Mode = Literal["token", "client_credentials", "oauth"]
"""``token``: a static one that never changes. ``client_credentials``: asked for anew each day, for
stores of the app's own organisation. ``oauth``: an hour, and a refresh token of 90 days."""

SliceState = Literal["planned", "running", "told", "proven", "mismatch"]
"""``told``: in the log, and not yet compared with the ledger."""


class Credential(Struct, frozen=True, kw_only=True):
    """What opens a store's Admin API: secret throughout, never shown, logged or kept in the clear.

    A new pair of tokens is saved before it is used, and the refresh token that got it stays until
    the new access token was accepted once: whatever is lost on the way, one of the two still works.
    """

    store_id: StoreId
    mode: Mode
    client_id: str = ""
    client_secret: str = ""
    access_token: str = ""
    scopes: tuple[str, ...] = ()
    """As granted with the tokens; empty for a static token, of which the shop is asked."""
    granted_us: int = 0
    expires_us: int | None = None
    """None: it does not expire."""
    refresh_token: str = ""
    refresh_expires_us: int | None = None
    previous_refresh_token: str = ""
    accepted: bool = False
    """Whether Shopify has accepted this access token yet."""

    def __repr__(self) -> str:
        return f"Credential({self.store_id}, {self.mode})"

    __str__ = __repr__


class Connection(Struct, frozen=True, kw_only=True):
    """What is known of a connected store: nothing secret."""

    store_id: StoreId
    mode: Mode
    connected_us: int
    state: Literal["connected", "authorise_again"] = "connected"
    name: str = ""
    plan: str = ""
    scopes: tuple[str, ...] = ()
    api_version: str
    """Asked for."""
    served_version: str = ""
    """What Shopify answered with last; another one when the version asked for has ended."""
    public_url: str = ""
    """Where Shopify sends this store's webhooks; empty while it sends none."""
    backfill_from_us: int | None = None
    """Orders created before are not held; None: all orders are."""
    reconciled_us: int | None = None
    """Everything updated in the shop before this is held here."""
    looked_us: int | None = None
    """When the store was last asked what it updated, with or without success."""
    missed: int = 0
    """Updates that no webhook had told, since the store was connected."""
    compared_us: int | None = None
    """When ids were last compared to find what was deleted in the shop."""
    trouble: str = ""
    """What keeps it from being healthy, in words; empty when nothing does."""


class Slice(Struct, frozen=True, kw_only=True):
    """One bulk operation of a backfill: what it covers, how far it came, whether it is whole."""

    store_id: StoreId
    name: str
    """``orders/2026-08-26..2026-10-01``, ``products``, ``customers`` or ``inventory``."""
    kind: str
    """``orders``, ``products``, ``customers`` or ``inventoryItems``."""
    search: str
    """Shopify's search query that the slice covers; empty for everything."""
    state: SliceState = "planned"
    operation_id: str = ""
    started_us: int = 0
    tries: int = 0
    shopify_count: int | None = None
    """What Shopify counts by itself, asked for apart from the bulk operation."""
    read_count: int = 0
    """Roots in the file."""
    read_checksum: str = ""
    """Of the ids in the file: sum of their pseudonyms, hex."""
    held_count: int | None = None
    """Roots that the ledger holds."""
    why: str = ""
    """Why it does not match, in words."""
