"""Models that learned from an erased person go, and never all at once without need."""

from typing import Any

import pytest
from erasing_system import SETTLE_SECONDS
from made_model import published_form
from small_shop import ANN, SHOP, SmallShop

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import ModelVersion
from shopwright.events.erased import PARTITION


@pytest.fixture
def shop() -> SmallShop:
    return SmallShop()


class TestModels:
    def publish(self, shop: SmallShop, verdict: str, **changes: Any) -> ModelVersion:
        manifest, files = published_form(**changes)
        version = shop.system.registry.publish(manifest, files)
        shop.system.decisions.record(
            Decision(
                store_id=SHOP,
                task="propensity",
                model_version=version,
                verdict=verdict,
                reason="",
                figures={},
                decided_us=1,
                author="test",
            )
        )
        if verdict in ("champion", "challenger"):
            shop.system.registry.point(SHOP, "propensity", verdict, version)
        return version

    def start(self, shop: SmallShop) -> None:
        shop.system.removal = shop.system.registry
        shop.system.restart()
        shop.order(1, ANN)

    def wait(self, shop: SmallShop, seconds: float) -> None:
        shop.system.clock.sleep(seconds)
        shop.system.settle()

    def later(self, shop: SmallShop) -> dict[str, int]:
        """Return the log position of a training that begins now."""
        return dict(shop.system.ledger.through())

    def test_the_champion_serves_until_a_clean_one_does(self, shop: SmallShop) -> None:
        self.start(shop)
        old = self.publish(shop, "champion", seed=1)
        refused = self.publish(shop, "refused", seed=1, as_of_us=5)
        shop.erase(finish=False, customers=(shop.who("customer", "7"),))
        for _ in range(20):
            self.wait(shop, SETTLE_SECONDS)
        assert shop.progress().stage == "models"
        assert set(shop.system.registry.versions(SHOP, "propensity")) == {old, refused}
        new = self.publish(shop, "champion", seed=1, log_through=self.later(shop))
        self.wait(shop, 10)
        assert list(shop.system.registry.versions(SHOP, "propensity")) == [new]
        assert shop.system.registry.pointed(SHOP, "propensity", "champion") == new
        assert set(shop.receipt().models) == {old, refused}
        retired = [d for d in shop.system.decisions.of(SHOP, None) if d.verdict == "retired"]
        assert sorted(d.model_version for d in retired) == sorted([old, refused])

    def test_after_the_last_day_the_waiting_challenger_takes_over(self, shop: SmallShop) -> None:
        self.start(shop)
        old = self.publish(shop, "champion", seed=1)
        shop.erase(finish=False, customers=(shop.who("customer", "7"),))
        self.wait(shop, SETTLE_SECONDS)
        self.wait(shop, SETTLE_SECONDS)
        new = self.publish(shop, "challenger", seed=1, log_through=self.later(shop))
        self.wait(shop, 10)
        assert shop.system.registry.pointed(SHOP, "propensity", "champion") == old
        self.wait(shop, 7 * US_PER_DAY / US_PER_SECOND)
        assert shop.system.registry.pointed(SHOP, "propensity", "champion") == new
        assert shop.system.registry.pointed(SHOP, "propensity", "challenger") is None
        assert shop.receipt().models == (old,)

    def test_s24_after_the_last_day_no_model_that_learned_from_them_is_left(
        self, shop: SmallShop
    ) -> None:
        self.start(shop)
        old = self.publish(shop, "champion", seed=1)
        shop.erase(finish=False, customers=(shop.who("customer", "7"),))
        self.wait(shop, SETTLE_SECONDS)
        # A training that had begun before the history was clean, and ends after it.
        slow = self.publish(shop, "challenger", seed=1, log_through={PARTITION: 0})
        self.wait(shop, 7 * US_PER_DAY / US_PER_SECOND + 60)
        assert list(shop.system.registry.versions(SHOP, "propensity")) == []
        assert set(shop.receipt().models) == {old, slow}

    def test_somebody_without_an_order_taught_no_model(self, shop: SmallShop) -> None:
        self.start(shop)
        old = self.publish(shop, "champion", seed=1)
        shop.tell("customers/create", {"id": 9, "updated_at": "2026-09-20T10:00:00Z"})
        shop.erase(customers=(shop.who("customer", "9"),))
        assert list(shop.system.registry.versions(SHOP, "propensity")) == [old]
        assert shop.receipt().models == ()
