"""The models of the demo's stores: trained by the command that the scheduler runs, then judged."""

import subprocess
import threading
from collections.abc import Mapping

from msgspec import Struct

from shopwright.app.bootstrap import open_decisions, open_offline, open_registry, open_stores
from shopwright.app.child import PROGRAM
from shopwright.app.demo.chapter import Chapter
from shopwright.app.demo.judge import Judged, judge
from shopwright.app.demo.shops import SimulatedShops
from shopwright.app.settings import Settings, child_environment
from shopwright.core.clock import iso
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.pipelines.train import training_set
from shopwright.training.tasks import PROPENSITY


class StoreResult(Struct, frozen=True, kw_only=True):
    """What happened to one store."""

    store: Store
    webhooks: int
    customers: int
    decision: Decision | None
    """None when there was too little to train on."""
    refused: str | None
    judged: Judged | None


def train_all(
    chapter: Chapter, shops: SimulatedShops, counts: Mapping[str, int]
) -> list[StoreResult]:
    """Train each store as the scheduler would: one child program a store, two at a time."""
    stores = list(open_stores(chapter.settings).all())
    as_of_us = chapter.clock.now_us()
    done = 0
    said: dict[StoreId, str] = {}
    two = threading.Semaphore(2)

    def train(store: Store) -> None:
        nonlocal done
        with two:
            said[store.store_id] = _train(chapter.settings, store, as_of_us)
        done += 1
        chapter.tell("models", done, len(stores))

    chapter.tell("models", 0, len(stores))
    threads = [threading.Thread(target=train, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [
        _result(chapter, store, shops, counts[store.store_id], as_of_us, said[store.store_id])
        for store in stores
    ]


def _train(settings: Settings, store: Store, as_of_us: int) -> str:
    """Train one store; return what the program said on standard error."""
    arguments = ["train", "--store", store.store_id, "--as-of", iso(as_of_us), "--json"]
    done = subprocess.run(  # noqa: S603 - our own program
        [*PROGRAM, *arguments],
        env=child_environment(settings),
        capture_output=True,
        check=False,
    )
    return done.stderr.decode("utf-8", "replace").strip()


def _result(
    chapter: Chapter,
    store: Store,
    shops: SimulatedShops,
    webhooks: int,
    as_of_us: int,
    said: str,
) -> StoreResult:
    decided = open_decisions(chapter.settings).of(store.store_id, PROPENSITY.name)
    if not decided:
        return StoreResult(
            store=store,
            webhooks=webhooks,
            customers=shops.count(store.store_id),
            decision=None,
            refused=said.splitlines()[-1] if said else "the training said nothing",
            judged=None,
        )
    manifest = open_registry(chapter.settings).fetch(decided[-1].model_version).manifest
    history = training_set(open_offline(chapter.settings), store, PROPENSITY, as_of_us)
    return StoreResult(
        store=store,
        webhooks=webhooks,
        customers=shops.count(store.store_id),
        decision=decided[-1],
        refused=None,
        judged=judge(history, manifest, shops.true_chance(store.store_id)),
    )
