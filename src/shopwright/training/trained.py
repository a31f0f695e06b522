"""The result of a training: plain files, and what the manifest says of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import structs

from shopwright.core.types.model import MANIFEST_FORMAT, ModelManifest
from shopwright.core.types.store import Store
from shopwright.training.acceptance import Verdict
from shopwright.training.calibration import Calibration
from shopwright.training.quality import Quality
from shopwright.training.tasks import Task

LEARNER = "xgboost, one booster per fold, merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model of one task, judged; it may be refused and is kept all the same, with its reason."""

    task: Task
    seed: int
    names: tuple[str, ...]
    cutoff_us: int
    snapshots_us: tuple[int, ...]
    snapshot: str
    """SHA-256 of the training rows."""
    rows: int
    positives: int
    calibration: Calibration
    figures: Mapping[str, Mapping[str, float]]
    """``model`` and each baseline: the same scores on the latest snapshot."""
    verdict: Verdict
    quality: Quality
    files: Mapping[str, bytes]
    """``model.json``, ``proof.json``, ``profile.json``, ``quality.json`` and ``card.md``."""


def manifest_of(
    trained: Trained,
    store: Store,
    *,
    view: str,
    log_through: Mapping[str, int],
    code_version: str,
) -> ModelManifest:
    """Return the manifest to publish with ``trained.files``; ``view`` is ``name@version``."""
    return ModelManifest(
        format=MANIFEST_FORMAT,
        store_id=store.store_id,
        task=trained.task.name,
        currency=store.currency,
        horizon_days=trained.task.horizon_days,
        view=view,
        features=trained.names,
        learner=LEARNER,
        parameters={**structs.asdict(trained.task.learner), "folds": trained.task.folds},
        seed=trained.seed,
        as_of_us=trained.cutoff_us,
        label_snapshots_us=trained.snapshots_us,
        snapshot=trained.snapshot,
        rows=trained.rows,
        positives=trained.positives,
        log_through=dict(log_through),
        code_version=code_version,
        calibration=(trained.calibration.slope, trained.calibration.intercept),
        figures=trained.figures,
        files={
            name: hashlib.sha256(content).hexdigest() for name, content in trained.files.items()
        },
    )
