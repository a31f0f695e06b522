"""What a model said of an entity, and what it saw when it said so."""

from collections.abc import Mapping

from msgspec import Struct

from shopwright.core.types.feature import FeatureValue
from shopwright.core.types.identity import ModelVersion, Pseudonym, StoreId


class Prediction(Struct, frozen=True, kw_only=True):
    """One score, with the features it was made from, so that it can be judged later."""

    prediction_id: str
    store_id: StoreId
    task: str
    entity: Pseudonym
    model_version: ModelVersion
    arm: str
    """``champion`` or ``challenger``."""
    predicted_us: int
    margin: float
    """The booster's own output, bit for bit."""
    score: float
    """Calibrated probability, 0 to 1."""
    view: str
    features: Mapping[str, FeatureValue]
    feature_received_us: int
    """When the newest event behind the features reached us; 0 where there is none."""
