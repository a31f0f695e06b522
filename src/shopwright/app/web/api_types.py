"""The bodies of the public routes; ``/openapi.json`` is made from these very types."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from shopwright.core.types.feature import FeatureValue

ENTITIES_MAX = 1_000

FeatureValues = Annotated[
    Mapping[str, FeatureValue],
    Meta(description="Value of each feature by name; null is not known, zero is none."),
]


class Failure(Struct, frozen=True):
    """Every answer that is not the one hoped for."""

    error: Annotated[str, Meta(description="One line: what is wrong and what to do next.")]


class Health(Struct, frozen=True):
    """Whether the process lives, and whether it can do its work."""

    status: str
    reasons: tuple[str, ...] = ()


class PredictRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to predict what of."""

    task: Annotated[str, Meta(max_length=40, description="`propensity`.")]
    entities: Annotated[
        tuple[Annotated[str, Meta(max_length=200)], ...],
        Meta(
            min_length=1,
            max_length=ENTITIES_MAX,
            description="Customers: Shopify's id as digits or gid, or a pseudonym (32 hex digits).",
        ),
    ]
    features: Annotated[
        bool, Meta(description="Whether to answer with the features behind each score.")
    ] = False


class EntityPrediction(Struct, frozen=True, kw_only=True):
    """What the model says of one entity, or why it says nothing."""

    entity: Annotated[str, Meta(description="As it was asked for.")]
    score: Annotated[
        float | None, Meta(description="Calibrated probability, 0 to 1; null without an answer.")
    ]
    margin: Annotated[
        float | UnsetType, Meta(description="The booster's own output, bit for bit.")
    ] = UNSET
    feature_age_seconds: Annotated[
        float | UnsetType | None,
        Meta(description="Since the newest event behind the features was received."),
    ] = UNSET
    features: FeatureValues | UnsetType = UNSET
    reason: Annotated[str | UnsetType, Meta(description="Why there is no score.")] = UNSET


class PredictAnswer(Struct, frozen=True, kw_only=True):
    """Predictions in the order in which they were asked for."""

    store_id: str
    task: str
    model_version: Annotated[str, Meta(description="SHA-256 of the model's manifest.")]
    horizon_days: Annotated[int, Meta(description="The days after `as_of` that a score speaks of.")]
    as_of: Annotated[str, Meta(description="The instant of the question, UTC.")]
    predictions: tuple[EntityPrediction, ...]


class FeaturesAnswer(Struct, frozen=True, kw_only=True):
    """One feature vector as of now."""

    store_id: str
    entity: Annotated[str, Meta(description="The pseudonym, 32 hex digits.")]
    view: Annotated[str, Meta(description="`name@version` of the feature view.")]
    as_of: str
    features: FeatureValues
    feature_age_seconds: float | None


class SignedText(Struct, frozen=True, kw_only=True):
    """A receipt, and what proves that this installation gave it."""

    receipt: Annotated[str, Meta(description="JSON; the signature is over exactly this text.")]
    signature: Annotated[str, Meta(description="Ed25519, in hex.")]
    public_key: Annotated[str, Meta(description="Of this installation, in hex.")]


class ReceiptsAnswer(Struct, frozen=True, kw_only=True):
    """A store's erasures, in the order in which they were finished."""

    store_id: str
    receipts: tuple[SignedText, ...]
