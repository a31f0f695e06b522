"""A store's customers, scored as of an instant through the offline store."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from shopwright.core.clock import iso
from shopwright.core.errors import NotReady
from shopwright.core.ports import Decisions, ModelRegistry, OfflineStore
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.model import StoredModel
from shopwright.core.types.store import Store
from shopwright.features.definitions import VIEWS
from shopwright.features.joined import joined_of
from shopwright.features.view import FeatureView
from shopwright.pipelines.point_in_time import joined_features, population
from shopwright.pipelines.standing import Standing, standings
from shopwright.training.calibration import probabilities
from shopwright.training.feature_rows import column_of
from shopwright.training.serving_scorer import check_model, open_scorer
from shopwright.training.tasks import Task


class BatchPrediction(Struct, frozen=True, kw_only=True):
    """One row for each customer with a valid order before the instant, by pseudonym."""

    model: StoredModel
    as_of_us: int
    entities: Sequence[Pseudonym]
    margins: "np.ndarray[Any, Any]"
    scores: "np.ndarray[Any, Any]"


def predict_batch(
    store: Store,
    as_of_us: int,
    model: StoredModel,
    offline: OfflineStore,
    views: Sequence[FeatureView] = VIEWS,
) -> BatchPrediction:
    """Score everyone with a valid order before the instant, by the exact scorer.

    Raises Damaged when the model fails its proof or belongs to another store or view, NotReady when
    one of its views is not loaded.
    """
    joined = joined_of(model.manifest.view, views)
    check_model(model, store.store_id, model.manifest.task, joined.names)
    scorer = open_scorer(model)
    spine = population(offline, store, [as_of_us])
    found = joined_features(offline, store, joined, spine)
    rows = np.column_stack([column_of(found[name]) for name in joined.names])
    margins = scorer.margins(rows)
    return BatchPrediction(
        model=model,
        as_of_us=as_of_us,
        entities=[Pseudonym(bytes(entity)) for entity in spine["entity"]],
        margins=margins,
        scores=probabilities(margins, model.manifest.calibration),
    )


def champion_of(
    store: Store, task: Task, *, registry: ModelRegistry, decisions: Decisions
) -> StoredModel:
    """Return the model that serves. Raises NotReady, saying how to get one."""
    decided = decisions.of(store.store_id, task.name)
    standing = standings(decided).get((store.store_id, task.name), Standing())
    if standing.champion is None:
        raise NotReady(
            f"{store.store_id}: no {task.name} model serves; run "
            f"`shopwright train --store {store.store_id} --task {task.name}`"
        )
    return registry.fetch(standing.champion)


def model_before(
    store: Store, task: Task, as_of_us: int, *, registry: ModelRegistry, decisions: Decisions
) -> StoredModel:
    """Return the accepted model with the newest knowledge that still ends before the instant.

    So a past instant is scored as it could have been scored then. Of two with equal knowledge, the
    one decided last. Raises NotReady, saying how to train one.
    """
    accepted = [
        decision.model_version
        for decision in decisions.of(store.store_id, task.name)
        if decision.verdict in ("champion", "challenger")
    ]
    fitting = [
        stored
        for version in dict.fromkeys(reversed(accepted))
        if (stored := registry.fetch(version)).manifest.as_of_us <= as_of_us
    ]
    if not fitting:
        raise NotReady(
            f"{store.store_id}: no {task.name} model was trained on what was known before "
            f"{iso(as_of_us)}; run `shopwright train --store {store.store_id} "
            f"--task {task.name} --as-of {iso(as_of_us)}`"
        )
    return max(fitting, key=lambda stored: stored.manifest.as_of_us)


def columns_of(
    prediction: BatchPrediction, customer_ids: Mapping[Pseudonym, str] | None
) -> dict[str, list[Any]]:
    """Return the public columns; ``customer_ids`` adds the originals (an audited reveal)."""
    rows = len(prediction.entities)
    manifest = prediction.model.manifest
    columns: dict[str, list[Any]] = {
        "as_of": [prediction.as_of_us] * rows,
        "store_id": [manifest.store_id] * rows,
        "entity": [entity.hex() for entity in prediction.entities],
        "model_version": [prediction.model.version] * rows,
        "horizon_days": [manifest.horizon_days] * rows,
        "p": prediction.scores.tolist(),
    }
    if customer_ids is not None:
        columns["customer_id"] = [customer_ids.get(entity) for entity in prediction.entities]
    return columns
