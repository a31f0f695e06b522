"""A trained model: plain files and a manifest that says what they are; never a pickle."""

from collections.abc import Mapping

from msgspec import Struct

from shopwright.core.types.identity import StoreId

MANIFEST_FORMAT = 1


class ModelManifest(Struct, frozen=True, kw_only=True):
    """What must be known of a model before any of its files is opened."""

    format: int
    store_id: StoreId
    task: str
    currency: str
    horizon_days: int
    view: str
    """``name@version`` of the feature view; a vector of another one is refused."""
    features: tuple[str, ...]
    """Names of the columns, in order."""
    learner: str
    parameters: Mapping[str, float | int | str]
    seed: int
    as_of_us: int
    """Nothing known at or after this instant was seen in training, labels included."""
    label_snapshots_us: tuple[int, ...]
    snapshot: str
    """SHA-256 of the training rows."""
    rows: int
    positives: int
    log_through: Mapping[str, int]
    code_version: str
    calibration: tuple[float, float]
    """slope, intercept: p = 1 / (1 + exp(-(slope × margin + intercept))), slope > 0."""
    figures: Mapping[str, Mapping[str, float]]
    """For the model and each baseline, the same scores on the same held-out rows."""
    files: Mapping[str, str]
    """File name to SHA-256."""


class StoredModel(Struct, frozen=True, kw_only=True):
    """A model whose files have been checked against its manifest."""

    version: str
    manifest: ModelManifest
    files: Mapping[str, bytes]
