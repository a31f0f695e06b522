"""A store is connected, lives, and everything goes wrong; then nothing is missing.

Seeds differ in what is lost, doubled, late, stale, out of order, deleted, cut, dropped, throttled
or down, and in when our own process dies. `make soak` runs twenty times as many.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from counts import cases
from simulated_admin import SimulatedAdmin

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.errors import ShopTrouble
from shopwright.core.types.connection import Slice
from shopwright.pipelines.subscribe import subscribe
from shopwright.simulator.faults import Arrival, Faults, deliver
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import PROFILES, open_store
from shopwright.simulator.webhook import SimulatedWebhook

SEEDS = cases(200, 4_000)
BATCHES = 8
END_US = 1_790_000_000 * US_PER_SECOND
HOUR_US = 3_600 * US_PER_SECOND
TINY = Scale(customers=30, days=70, fulfilment_told_share=0.3)
ADDRESS = "https://shopwright.example.com/webhooks"
ROAD = Faults(
    reordered_share=0.3,
    repeated_share=0.1,
    subscribed_twice_share=0.03,
    retried_share=0.1,
    dropped_share=0.05,
)
ATTEMPTS = 40
"""A person or the scheduler begins again so often at most."""


@pytest.mark.parametrize("batch", range(BATCHES))
def test_after_recovery_the_audit_difference_is_zero(batch: int, tmp_path: Path) -> None:
    missed = 0
    for seed in range(batch, SEEDS, BATCHES):
        trial = _Trial(seed, tmp_path)
        trial.run()
        missed += trial.missed
    # What was not broken proves nothing.
    assert missed >= 25


@pytest.mark.parametrize("seed", range(3, 8))
def test_without_the_healer_something_is_missing(seed: int, tmp_path: Path) -> None:
    trial = _Trial(seed, tmp_path)
    trial.heals = False
    with pytest.raises(AssertionError, match="after the recovery"):
        trial.run()


class _Trial:
    """One store's life under one seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.rng = np.random.default_rng([seed, 1234])
        shop = open_store(PROFILES[seed % len(PROFILES)], END_US, seed, TINY)
        self.webhooks = list(shop.webhooks())
        self.admin = SimulatedAdmin(shop, seed, folder)
        self.connected_us = shop.start_us + round(0.7 * (shop.end_us - shop.start_us))
        self.subscribed = False
        self.heals = True
        self.missed = 0

    def run(self) -> None:
        admin = self.admin
        before = [one for one in self.webhooks if one.triggered_us < self.connected_us]
        after = [one for one in self.webhooks if one.triggered_us >= self.connected_us]
        admin.clock.set(self.connected_us)
        admin.api.state.bucket._at_us = 0
        admin.happen(before)
        admin.connect("oauth" if self.seed % 2 else "client_credentials")
        subscribe(admin.client, admin.store_id, admin.app.scopes, ADDRESS)
        self._backfill()
        assert admin.audit() == {}, f"seed {self.seed}: after the backfill"
        self._live(after)
        self._quiet()
        self._heal()
        if self.heals:
            admin.compare()
        assert admin.audit() == {}, f"seed {self.seed}: after the recovery"

    def _backfill(self) -> None:
        """Take history in while things break; begin again as long as somebody must."""
        admin, faults, rng = self.admin, self.admin.api.state.faults, self.rng
        now_us = admin.clock.now_us()
        faults.bulk_fails = int(rng.integers(3))
        faults.bulk_drops = int(rng.integers(2))
        faults.cut_downloads = int(rng.integers(4))
        faults.lost_grants = int(rng.integers(2))
        faults.no_answer = int(rng.integers(3))
        faults.shuffled = bool(rng.integers(2))
        faults.throttled_until_us = now_us + int(rng.integers(60)) * US_PER_SECOND
        admin.app.expire_access_tokens(now_us)
        planned: list[Slice] = []
        for _ in range(ATTEMPTS):
            try:
                planned = planned or admin.plan()
                known = {one.name: one for one in admin.slices.of(admin.store_id)}
                todo = [known.get(one.name, one) for one in planned]
                todo = [one for one in todo if one.state != "proven"]
                admin.take_in([_again(one) for one in todo])
                slices = {one.name: one for one in admin.slices.of(admin.store_id)}
                if all(slices[one.name].state == "proven" for one in planned):
                    return
            except ShopTrouble:
                admin.restart()
        pytest.fail(
            f"seed {self.seed}: the backfill does not end: {admin.slices.of(admin.store_id)}"
        )

    def _live(self, after: list[SimulatedWebhook]) -> None:
        """Let the shop go on while webhooks are lost; our side heals itself every hour or so."""
        admin, rng = self.admin, self.rng
        arrivals = self._arriving(after)
        end_us = admin.shop.end_us + 5 * HOUR_US
        down_us = int(rng.integers(self.connected_us, end_us))
        lost_us = int(rng.integers(self.connected_us, end_us))
        removed = False
        waiting = sorted(after, key=lambda one: one.triggered_us)
        at_us = self.connected_us
        while at_us < end_us:
            at_us += int(rng.integers(4 * HOUR_US, 30 * HOUR_US))
            due = [one for one in waiting if one.triggered_us < at_us]
            waiting = waiting[len(due) :]
            admin.happen(due)
            if not removed and at_us > lost_us:
                removed = True
                for one in list(admin.api.state.subscriptions.all()):
                    admin.api.state.subscriptions.delete(one.number)
            if down_us < at_us:
                admin.api.state.faults.down_until_us = max(
                    admin.api.state.faults.down_until_us, down_us + 6 * HOUR_US
                )
            arrived = list(self._until(arrivals, at_us, lost=removed and not self.subscribed))
            if arrived:
                admin.system.receive(arrived)
            admin.clock.set(max(at_us, admin.clock.now_us()))
            admin.system.settle()
            self._heal(quietly=True)
            if rng.random() < 0.2:
                admin.system.restart()
                admin.restart()

    def _arriving(self, after: list[SimulatedWebhook]) -> list[Arrival]:
        arrivals = deliver(after, ROAD, self.rng)
        late = []
        for arrival in arrivals:
            day = self.rng.random() < 0.03
            more_us = int(self.rng.integers(US_PER_DAY)) if day else 0
            late.append(Arrival(received_us=arrival.received_us + more_us, webhook=arrival.webhook))
        return sorted(late, key=lambda one: -one.received_us)

    @staticmethod
    def _until(arrivals: list[Arrival], at_us: int, *, lost: bool) -> Iterator[Arrival]:
        while arrivals and arrivals[-1].received_us < at_us:
            arrival = arrivals.pop()
            if not lost:
                yield arrival

    def _heal(self, *, quietly: bool = False) -> None:
        """Mend subscriptions and look for what was missed, as the hourly healer does."""
        admin = self.admin
        if not self.heals:
            return
        try:
            subscribe(admin.client, admin.store_id, admin.app.scopes, ADDRESS)
            self.subscribed = True
            found = admin.reconcile(self.connected_us)
            self.missed += sum(found.missing.values())
        except ShopTrouble:
            if not quietly:
                raise

    def _quiet(self) -> None:
        """Nothing happens any more, and everything works again."""
        admin = self.admin
        admin.api.state.faults.down_until_us = 0
        admin.clock.set(max(admin.clock.now_us(), admin.shop.end_us) + 2 * US_PER_DAY)


def _again(one: Slice) -> Slice:
    from msgspec.structs import replace

    return one if one.state == "running" else replace(one, state="planned", tries=0)
