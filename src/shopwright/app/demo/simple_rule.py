"""What the best simple rule says of a customer now, to stand beside the score and the truth."""

from collections.abc import Callable, Sequence

from shopwright.app.bootstrap import open_offline, open_online
from shopwright.app.settings import Settings
from shopwright.core.clock import SystemClock
from shopwright.core.errors import ShopwrightError
from shopwright.core.money import minor_per_major
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.store import Store
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import evaluate
from shopwright.pipelines.train import training_set
from shopwright.training.baselines import LOGISTIC_REGRESSION, Baseline, fit_baselines
from shopwright.training.feature_rows import rows_of
from shopwright.training.tasks import PROPENSITY


def simple_rule(
    settings: Settings, stores: Sequence[Store]
) -> Callable[[StoreId, Pseudonym], float | None]:
    """Fit logistic regression on every store's training rows; return how to ask it."""
    online, offline, clock = open_online(settings), open_offline(settings), SystemClock()
    fitted: dict[StoreId, Baseline] = {}
    for store in stores:
        try:
            history = training_set(offline, store, PROPENSITY, clock.now_us())
            fitted[store.store_id] = fit_baselines(history, PROPENSITY)[LOGISTIC_REGRESSION]
        except ShopwrightError:
            continue  # a store with too little history has no rule either
    units = {store.store_id: minor_per_major(store.currency) for store in stores}

    def ask(store_id: StoreId, entity: Pseudonym) -> float | None:
        record = online.read(store_id, CUSTOMER.name, [entity]).get(entity)
        if record is None or store_id not in fitted:
            return None
        values = evaluate(CUSTOMER, record.state, clock.now_us(), units[store_id])
        if not values["orders_total"]:
            return None
        return float(fitted[store_id].predict(rows_of([values], CUSTOMER.names))[0])

    return ask
