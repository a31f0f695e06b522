"""One store: are its webhooks believed, is anything known of it, is it answered by a model."""

from collections.abc import Iterator

from shopwright.app.bootstrap import open_decisions, open_online, open_scoring, open_secrets
from shopwright.app.doctor.finding import Finding, fail, ok, warn
from shopwright.app.schedule import Slot, read_failures
from shopwright.app.settings import Settings
from shopwright.core.types.store import Store
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines.standing import standings
from shopwright.training.tasks import TASKS


def intake(settings: Settings, store: Store) -> Iterator[Finding]:
    """Look whether webhooks of the store can be verified, and whether anything came."""
    count = len(open_secrets(settings).of(store.store_id))
    if count:
        yield ok(store.store_id, f"has {count} webhook secret{'s' if count > 1 else ''}")
    else:
        do = f"shopwright stores secrets add {store.store_id}"
        yield warn(store.store_id, "has no webhook secret: every webhook is refused", do)
    if not open_online(settings).page(store.store_id, CUSTOMER.name, None, 1):
        do = "import its history, or wait for the first order"
        yield warn(store.store_id, "no customer is known yet", do)


def models(settings: Settings, store: Store) -> Iterator[Finding]:
    """Look whether each task is answered, by a model whose scorer was proven here and now."""
    standing = standings(open_decisions(settings).of(store.store_id, None))
    failed = read_failures(settings.run_folder / "schedule.json")
    scoring = open_scoring(settings)
    for task in sorted(TASKS):
        what = f"{store.store_id} {task}"
        stands = standing.get((store.store_id, task))
        served = scoring.served(store.store_id, task)
        train = f"shopwright train --store {store.store_id} --task {task}"
        if served is not None:
            yield ok(what, f"model {served.version[:12]} serves; its scorer is proven")
        elif stands is not None and stands.champion is not None:
            says = f"model {stands.champion[:12]} should serve but cannot be loaded"
            yield fail(what, says, f"shopwright models promote another one, or {train}")
        elif (trouble := failed.get(Slot(store.store_id, task))) is not None:
            yield warn(what, f"no model; {trouble.count} trainings failed: {trouble.reason}", train)
        else:
            yield warn(what, "no model yet: predictions are not answered", train)
