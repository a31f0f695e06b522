"""A simulated shop with its Admin API, and our side of it: client, backfill, reconciliation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from simulated_system import SimulatedSystem

from shopwright.adapters.memory_connections import MemoryLeases, MemorySlices, MemoryTokenVault
from shopwright.adapters.sealed_spool import SealedSpool
from shopwright.adapters.simulated_shop import SimulatedShop
from shopwright.admin.scopes import REQUESTED
from shopwright.admin.slicing import slices
from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.connection import Credential, Slice
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.admin_client import AdminClient
from shopwright.pipelines.backfill import Backfill, Taken
from shopwright.pipelines.bulk_runs import BulkRuns
from shopwright.pipelines.compare_ids import Compared, Comparison
from shopwright.pipelines.completeness import prove
from shopwright.pipelines.reconcile import Reconciled, Reconciler
from shopwright.pipelines.tokens import Tokens
from shopwright.simulator.admin.access import App
from shopwright.simulator.admin.api import AdminApi
from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.shop import Shop
from shopwright.simulator.webhook import SimulatedWebhook

CLIENT_ID, CLIENT_SECRET = "client", "hush"


class SimulatedAdmin:
    """One installation beside one shop that has an Admin API; nothing was taken in yet."""

    def __init__(self, shop: Shop, seed: int, folder: Path, scopes: Sequence[str] = REQUESTED):
        self.shop = shop
        self.store_id = StoreId(shop.profile.domain)
        self.system = SimulatedSystem(shop, seed)
        self.clock = self.system.clock
        self.clock.set(shop.end_us + US_PER_SECOND)
        self.rng = np.random.default_rng([seed, 77])
        self.holdings = Holdings()
        words = np.random.default_rng([seed, 78])
        self.app = App(CLIENT_ID, CLIENT_SECRET, frozenset(scopes), lambda: words.bytes(12).hex())
        self.api = AdminApi(
            shop.profile,
            self.holdings,
            self.app,
            self.clock.now_us(),
            self.rng,
            files_at=f"https://{self.store_id}",
        )
        self.port = SimulatedShop({self.store_id: self.api}, self.clock)
        self.vault, self.leases = MemoryTokenVault(), MemoryLeases()
        self.slices = MemorySlices()
        self.folder = folder
        self.restart()

    def restart(self) -> None:
        """Make our side anew over what its ports hold, as a restarted process would."""
        self.tokens = Tokens(self.port, self.vault, self.leases, self.clock, "this process")
        self.client = AdminClient(
            self.port, self.tokens, self.clock, self.rng, version_of=lambda _: "2026-10"
        )
        system = self.system
        self.runs = BulkRuns(self.client, self.slices, self.clock, lambda: SealedSpool(self.folder))
        self.backfill = Backfill(self.runs, system.intake.accept, system.keys, self.clock)
        self.comparison = Comparison(
            self.runs, self.backfill, system.ledger, system.ledger, system.keys, self.clock
        )
        self.reconciler = Reconciler(
            self.client, self.backfill, self.system.ledger, self.system.keys, self.clock
        )

    def connect(self, mode: Any = "client_credentials") -> None:
        """Get the first token."""
        credential = Credential(
            store_id=self.store_id, mode=mode, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
        )
        code = self.app.authorise(self.clock.now_us()) if mode == "oauth" else ""
        self.tokens.begin(credential, code=code)

    def happen(self, webhooks: Sequence[SimulatedWebhook]) -> None:
        """Let things happen in the shop, whether or not anybody is told."""
        self.holdings.tell_all(webhooks)

    def plan(self) -> list[Slice]:
        """Return the slices of a whole backfill."""
        return slices(
            self.store_id,
            self.app.scopes,
            self.shop.start_us,
            self.clock.now_us(),
            self.backfill.count(self.store_id, "orders", ""),
            self.backfill.newest(self.store_id, self.app.scopes),
        )

    def take_in(self, planned: Sequence[Slice] | None = None) -> list[Slice]:
        """Run a backfill and prove it."""
        return self.prove(self.backfill.run(planned or self.plan()))

    def prove(self, taken: Sequence[Taken]) -> list[Slice]:
        self.system.settle()
        ledger = self.system.ledger
        return prove(taken, ledger, ledger, self.system.keys, self.slices)

    def reconcile(self, since_us: int) -> Reconciled:
        """Look for what was missed, and take it in."""
        found = self.reconciler.run(self.store_id, self.app.scopes, since_us)
        self.system.settle()
        return found

    def compare(self) -> Compared:
        """Look for what is gone."""
        found = self.comparison.run(self.store_id, self.app.scopes, self.shop.start_us)
        self.system.settle()
        return found

    def audit(self) -> dict[str, int]:
        """Count, by kind, what the shop holds and the ledger does not hold as it is there."""
        from admin_audit import differences

        return differences(self)
