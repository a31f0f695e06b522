"""Opens the scorer of a stored model: ours when it proves equal, XGBoost's otherwise."""

from collections.abc import Sequence
from typing import Protocol

from shopwright.core.errors import Damaged
from shopwright.core.types.model import StoredModel
from shopwright.training.feature_rows import Floats, Margins
from shopwright.training.proof import decode_proof
from shopwright.training.scorer import ExactScorer
from shopwright.training.xgboost_scorer import XgboostScorer


class Scorer(Protocol):
    """Turns feature rows into log-odds."""

    def margins(self, rows: Floats) -> Margins:
        """Return the log-odds of each row; NaN in a row means not known."""
        ...


def open_scorer(stored: StoredModel) -> Scorer:
    """Return a scorer that reproduces the stored proof bit for bit.

    XGBoost is loaded only when the exact scorer cannot prove the model. Raises Damaged when
    neither reproduces the proof, or the files are for other features than the manifest says.
    """
    names = stored.manifest.features
    proof = decode_proof(_file(stored, "proof.json"), names)
    model = _file(stored, "model.json")
    exact = ExactScorer.read(model, names)
    if exact.prove(proof.rows, proof.margins):
        return exact
    fallback = XgboostScorer(model, names)
    if fallback.prove(proof.rows, proof.margins):
        return fallback
    raise Damaged(
        f"model {stored.version[:12]} of {stored.manifest.store_id} does not reproduce its own "
        "proof on this machine; train it again"
    )


def check_model(stored: StoredModel, store_id: str, task: str, features: Sequence[str]) -> None:
    """Raise Damaged when the model is another store's, another task's or for other features."""
    manifest = stored.manifest
    if (manifest.store_id, manifest.task) != (store_id, task):
        raise Damaged(
            f"model {stored.version[:12]} is {manifest.task} of {manifest.store_id}, "
            f"not {task} of {store_id}; it was not used"
        )
    if manifest.features != tuple(features):
        raise Damaged(
            f"model {stored.version[:12]} of {store_id} was trained on {len(manifest.features)} "
            f"features that are not the {len(features)} of today; train it again"
        )


def _file(stored: StoredModel, name: str) -> bytes:
    if name not in stored.files:
        raise Damaged(f"model {stored.version[:12]} has no {name}; train it again")
    return stored.files[name]
