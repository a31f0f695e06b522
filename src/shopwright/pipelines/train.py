"""Store × task → training set → model → registry → decision: one training run."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from shopwright import __version__
from shopwright.core.clock import Clock
from shopwright.core.ports import Columns, Decisions, ModelRegistry, OfflineStore, Outbox
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import ModelVersion
from shopwright.core.types.model import ModelManifest
from shopwright.core.types.store import Store
from shopwright.features.definitions import CUSTOMER
from shopwright.features.joined import JoinedViews, join
from shopwright.pipelines.point_in_time import categories, joined_features, population
from shopwright.pipelines.standing import Standing, standings
from shopwright.training.labels import label_sql
from shopwright.training.registration import OUTBOX_KIND, encode_registration, registration_of
from shopwright.training.tasks import Task
from shopwright.training.train import train_propensity
from shopwright.training.trained import Trained, manifest_of
from shopwright.training.training_set import TrainingSet, from_columns

AUTHOR = "shopwright"
TWELVE = join((CUSTOMER,))
PROJECTED = 4
"""The latest decisions whose models are told to MLflow again: an alias may have moved."""


class TrainingReport(Struct, frozen=True, kw_only=True):
    """What a training run ended in."""

    version: ModelVersion
    manifest: ModelManifest
    decision: Decision
    seconds: float


class Trainer:
    """Everything that a training run writes to."""

    def __init__(
        self,
        *,
        offline: OfflineStore,
        registry: ModelRegistry,
        decisions: Decisions,
        outbox: Outbox,
        clock: Clock,
        joined: JoinedViews = TWELVE,
    ) -> None:
        self._offline = offline
        self._registry = registry
        self._decisions = decisions
        self._outbox = outbox
        self._clock = clock
        self._joined = joined

    def train(
        self,
        store: Store,
        task: Task,
        *,
        as_of_us: int,
        seed: int,
        log_through: Mapping[str, int],
    ) -> TrainingReport:
        """Train from what was known before ``as_of_us``; record what becomes of the model.

        Raises Refused when there is too little to learn from; a model that does not beat its
        baselines is kept, with the decision ``refused``.
        """
        started_us = self._clock.now_us()
        task = replace(task, view=self._joined.label)
        history = training_set(self._offline, store, task, as_of_us, self._joined)
        trained = train_propensity(history, task, seed)
        manifest = manifest_of(
            trained,
            store,
            view=self._joined.label,
            log_through=log_through,
            code_version=__version__,
        )
        version = self._registry.publish(manifest, trained.files)
        decision = self._decide(store, task, trained, version)
        self._decisions.record(decision)
        self.project(store, task)
        return TrainingReport(
            version=version,
            manifest=manifest,
            decision=decision,
            seconds=(self._clock.now_us() - started_us) / 1e6,
        )

    def _decide(
        self, store: Store, task: Task, trained: Trained, version: ModelVersion
    ) -> Decision:
        standing = self.standing(store, task)
        verdict = _verdict(trained, version, standing)
        reason = trained.verdict.reason
        if verdict == "champion" and standing.champion is None:
            reason += " It is the first model of this store and serves from now on."
        elif verdict == "challenger":
            reason += " It waits: `shopwright models promote` lets it serve."
        return Decision(
            store_id=store.store_id,
            task=task.name,
            model_version=version,
            verdict=verdict,
            reason=reason,
            figures=trained.verdict.figures,
            decided_us=self._clock.now_us(),
            author=AUTHOR,
        )

    def standing(self, store: Store, task: Task) -> Standing:
        """Return which models of the store and task are spoken of."""
        decided = self._decisions.of(store.store_id, task.name)
        return standings(decided).get((store.store_id, task.name), Standing())

    def project(self, store: Store, task: Task) -> None:
        """Let the registry's aliases, and soon MLflow's, say what the decision log says."""
        decided = self._decisions.of(store.store_id, task.name)
        standing = self.standing(store, task)
        bearers = {"champion": standing.champion, "challenger": standing.challenger}
        for alias, version in bearers.items():
            self._registry.point(store.store_id, task.name, alias, version)
        verdicts = {decision.model_version: decision.reason for decision in decided}
        for version in dict.fromkeys(decision.model_version for decision in decided[-PROJECTED:]):
            aliases = [alias for alias, bearer in bearers.items() if bearer == version]
            manifest = self._registry.fetch(version).manifest
            told = registration_of(manifest, version, aliases, verdicts[version])
            self._outbox.add(OUTBOX_KIND, told.key, encode_registration(told))


def _verdict(trained: Trained, version: ModelVersion, standing: Standing) -> str:
    if not trained.verdict.accepted:
        return "refused"
    if standing.champion in (None, version):
        return "champion"
    return "challenger"


def training_set(
    offline: OfflineStore,
    store: Store,
    task: Task,
    as_of_us: int,
    joined: JoinedViews = TWELVE,
) -> TrainingSet:
    """Return the rows that a task learns from, as they were known at each label snapshot."""
    spine = population(offline, store, task.label_snapshots_us(as_of_us))
    return from_columns(
        spine=spine,
        features=joined_features(offline, store, joined, spine),
        labels=_labels(offline, store, task, spine, as_of_us),
        names=joined.names,
        cutoff_us=as_of_us,
        categories=categories(offline, store, spine),
    )


def _labels(
    offline: OfflineStore, store: Store, task: Task, spine: Columns, as_of_us: int
) -> Columns:
    return offline.query(label_sql(task.horizon_days, as_of_us), [store.store_id], spine)
