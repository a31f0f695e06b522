"""The score beside the truth: model, baselines and oracle on the same customers and labels."""

from collections.abc import Callable, Mapping

import numpy as np
from msgspec import Struct

from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.model import ModelManifest
from shopwright.training.scores import all_scores
from shopwright.training.training_set import TrainingSet

ORACLE = "oracle"


class Judged(Struct, frozen=True, kw_only=True):
    """Scores by name: ``model``, each baseline, and ``oracle`` (the simulation's own truth)."""

    figures: Mapping[str, Mapping[str, float]]


def judge(
    history: TrainingSet,
    manifest: ModelManifest,
    true_probability: Callable[[Pseudonym, int], float],
) -> Judged:
    """Add the oracle's scores to the manifest's: same latest snapshot, same labels.

    The oracle is the best that anybody could do who knows each customer's hidden rates, and still
    not perfect: chance decides who really orders.
    """
    latest = history.where(history.snapshot == len(history.snapshots_us) - 1)
    truth = np.array(
        [
            true_probability(Pseudonym(entity), int(as_of_us))
            for entity, as_of_us in zip(latest.entities, latest.as_of_us, strict=True)
        ]
    )
    return Judged(figures={**manifest.figures, ORACLE: all_scores(latest.y, truth)})
