"""The worker's chore that keeps promise P9 under watch: online values are the offline ones."""

import logging
from collections.abc import Callable

from shopwright.app.metrics import Metrics
from shopwright.app.owner import Owner
from shopwright.core.clock import US_PER_SECOND, Clock
from shopwright.core.errors import ShopwrightError
from shopwright.core.types.identity import Pseudonym
from shopwright.features.items import ITEM_VIEWS
from shopwright.pipelines.parity import Compared, ParityCheck, differing_names

log = logging.getLogger("worker")

CUSTOMERS_AT_ONCE = 50
ITEMS_AT_ONCE = 20
PSEUDONYM_BYTES = 16


class ParityWatch:
    """Looks at one store at a time, every view of it, from a customer drawn by lot on."""

    def __init__(
        self,
        owner: Owner,
        check: ParityCheck,
        metrics: Metrics,
        clock: Clock,
        draw: Callable[[int], bytes],
    ) -> None:
        self._owner = owner
        self._check = check
        self._metrics = metrics
        self._clock = clock
        self._draw = draw
        self._every_us = owner.settings.parity_minutes * 60 * US_PER_SECOND
        self._looked_us: int | None = None
        self._turn = 0

    def step(self) -> bool:
        """Look when it is time, and later when a copy lags; it never has more to do."""
        now_us = self._clock.now_us()
        waited_us = None if self._looked_us is None else now_us - self._looked_us
        if not self._every_us or (waited_us is not None and 0 <= waited_us < self._every_us):
            return False
        try:
            if self._owner.stores.all() and self._look(now_us):
                self._turn += 1
                self._looked_us = now_us
        except ShopwrightError as error:
            # A look is worth no outage: features go on, and the next look comes in its time.
            self._looked_us = now_us
            log.warning("online and history could not be compared: %s", error)
        return False

    def _look(self, now_us: int) -> bool:
        """Compare every view of the store whose turn it is; False while a copy lags behind."""
        stores = self._owner.stores.all()
        store = stores[self._turn % len(stores)]
        first = Pseudonym(self._draw(PSEUDONYM_BYTES))
        seen: list[Compared] = []
        for view in self._owner.views:
            for after in (first, None):
                found = self._check.look(store, view, after, CUSTOMERS_AT_ONCE, now_us)
                if found is None:
                    return False
                if found.entities:
                    seen.append(found)
                    break
        for item_view in ITEM_VIEWS:
            for after in (_some_id(first), None):
                found = self._check.look_at_items(store, item_view, after, ITEMS_AT_ONCE, now_us)
                if found is None:
                    return False
                if found.entities:
                    seen.append(found)
                    break
        different = sum(len(one.different) for one in seen)
        self._metrics.counter("shopwright_parity_checked_total").inc(
            sum(one.values for one in seen)
        )
        if different:
            self._metrics.counter("shopwright_parity_mismatch_total").inc(different)
            log.error(
                "%s: %d feature values online are not those of the history (%s); "
                "`shopwright replay` says which copy is wrong",
                store.store_id,
                different,
                ", ".join(differing_names(seen)),
            )
        return True


def _some_id(drawn: bytes) -> Pseudonym:
    """Return a key somewhere among those of things: Shopify's ids are digits."""
    return Pseudonym(str(int.from_bytes(drawn, "big")).encode())
