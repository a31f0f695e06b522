"""Small real models for suites that store, mirror and open them."""

from functools import cache

from made_history import QUICK, made_history
from msgspec import structs

from shopwright.core.types.identity import StoreId
from shopwright.core.types.model import ModelManifest
from shopwright.core.types.store import Store
from shopwright.training.tasks import Learner
from shopwright.training.train import train_propensity
from shopwright.training.trained import Trained, manifest_of

STORE = Store(
    store_id=StoreId("pots.myshopify.com"), currency="GBP", timezone="Europe/London", added_us=0
)
OTHER = structs.replace(STORE, store_id=StoreId("lamps.myshopify.com"), currency="EUR")
TASK = structs.replace(QUICK, learner=Learner(rounds=12))


@cache
def trained(seed: int = 1) -> Trained:
    """Train once per seed; the history is the same for every seed."""
    return train_propensity(made_history(TASK, customers=500), TASK, seed)


def published_form(
    store: Store = STORE, seed: int = 1, **changes: object
) -> tuple[ModelManifest, dict[str, bytes]]:
    """Return a manifest and its files as a training would publish them."""
    manifest = manifest_of(
        trained(seed), store, view="customer@1", log_through={"web-0": 7}, code_version="0.1.0"
    )
    return structs.replace(manifest, **changes), dict(trained(seed).files)
