"""Our side of Shopify's Admin API, put together for one process."""

import os
from collections.abc import Callable

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from shopwright.app import bootstrap
from shopwright.app.settings import Settings
from shopwright.core.clock import Clock, SystemClock
from shopwright.core.ports import Connections, Leases, Shop, Slices, TokenVault
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.admin_client import AdminClient
from shopwright.pipelines.backfill import Accept, Backfill
from shopwright.pipelines.bulk_runs import BulkRuns
from shopwright.pipelines.compare_ids import Comparison
from shopwright.pipelines.reconcile import Reconciler
from shopwright.pipelines.tokens import Tokens

WEBHOOKS_PATH = "/webhooks"


class Shopify(Struct, frozen=True, kw_only=True):
    """What one process needs to ask stores for anything."""

    settings: Settings
    clock: Clock
    shop: Shop
    vault: TokenVault
    leases: Leases
    connections: Connections
    slices: Slices
    tokens: Tokens
    client: AdminClient

    def runs(self) -> BulkRuns:
        """Return what runs bulk operations; their files lie sealed in the data folder."""
        from shopwright.adapters.sealed_spool import SealedSpool  # noqa: PLC0415

        folder = self.settings.home / "spool"
        return BulkRuns(self.client, self.slices, self.clock, lambda: SealedSpool(folder))

    def backfill(self, accept: Accept) -> Backfill:
        """Return what takes history in."""
        return Backfill(self.runs(), accept, bootstrap.open_keys(self.settings), self.clock)

    def reconciler(self, backfill: Backfill) -> Reconciler:
        """Return what finds what was missed."""
        return Reconciler(
            self.client,
            backfill,
            bootstrap.open_ledger(self.settings, read_only=True),
            bootstrap.open_keys(self.settings),
            self.clock,
        )

    def comparison(self, backfill: Backfill) -> Comparison:
        """Return what finds what is gone."""
        return Comparison(
            self.runs(),
            backfill,
            bootstrap.open_ledger(self.settings, read_only=True),
            bootstrap.open_feed(self.settings),
            bootstrap.open_keys(self.settings),
            self.clock,
        )

    def webhook_address(self) -> str:
        """Return where webhooks are sent; empty while there is no public address.

        Simulated shops on this machine need none.
        """
        if self.settings.admin_url:
            return f"http://127.0.0.1:{self.settings.port}{WEBHOOKS_PATH}"
        base = self.settings.public_url.rstrip("/")
        return f"{base}{WEBHOOKS_PATH}" if base else ""


def open_shopify(settings: Settings, clock: Clock | None = None) -> Shopify:
    """Open everything but the log and the ledger."""
    from shopwright.adapters.shop_http import HttpShop  # noqa: PLC0415

    clock = clock or SystemClock()
    shop = HttpShop(settings.admin_url)
    vault, leases = bootstrap.open_vault(settings), bootstrap.open_leases(settings)
    connections = bootstrap.open_connections(settings)
    tokens = Tokens(shop, vault, leases, clock, f"process {os.getpid()} {os.urandom(4).hex()}")
    client = AdminClient(
        shop,
        tokens,
        clock,
        np.random.default_rng(),
        version_of=_version_of(settings, connections),
        on_served=_remember_served(connections),
    )
    return Shopify(
        settings=settings,
        clock=clock,
        shop=shop,
        vault=vault,
        leases=leases,
        connections=connections,
        slices=bootstrap.open_slices(settings),
        tokens=tokens,
        client=client,
    )


def _version_of(settings: Settings, connections: Connections) -> Callable[[StoreId], str]:
    """Return the function that gives the API version for a store: its own, or the setting's."""
    own: dict[StoreId, str] = {}

    def version(store_id: StoreId) -> str:
        if store_id not in own:
            known = connections.get(store_id)
            own[store_id] = known.api_version if known else settings.admin_api_version
        return own[store_id]

    return version


def _remember_served(connections: Connections) -> Callable[[StoreId, str], None]:
    """Note which version answered, when it is another than before."""
    served: dict[StoreId, str] = {}

    def remember(store_id: StoreId, version: str) -> None:
        if not version or served.get(store_id) == version:
            return
        changed = connections.change(store_id, lambda known: replace(known, served_version=version))
        if changed is not None:  # else it is being connected: the next answer tells it again
            served[store_id] = version

    return remember
