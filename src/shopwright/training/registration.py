"""What an experiment tracker is told of a model; the body of an outbox item of kind ``mlflow``."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from shopwright.core.clock import iso
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged
from shopwright.core.types.identity import ModelVersion, StoreId
from shopwright.core.types.model import ModelManifest

REGISTRATION_FORMAT = 1
OUTBOX_KIND = "mlflow"
FORGET_KIND = "mlflow-forget"
"""Outbox items of this kind have a model version as their key, and no body."""


class Registration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model version as it should stand in the tracker; telling it twice changes nothing."""

    format: int
    store_id: StoreId
    task: str
    version: ModelVersion
    as_of_us: int
    currency: str
    figures: dict[str, float]
    """Flat names: ``model.pr_auc``, ``order_count.pr_auc``, …"""
    parameters: dict[str, str]
    model_tags: dict[str, str]
    """Tags of the registered model: store_id, currency, task, feature_view, snapshot."""
    version_tags: dict[str, str]
    files: list[str]
    """Names of the model's files to attach as artifacts."""
    aliases: list[str]
    """All of ``champion``, ``challenger`` that this version bears now; it loses the others."""

    @property
    def key(self) -> str:
        """The key of its outbox item: a newer telling of the same version replaces an older."""
        return f"{self.store_id}/{self.task}/{self.version}"


def registration_of(
    manifest: ModelManifest, version: ModelVersion, aliases: Sequence[str], verdict: str
) -> Registration:
    """Return what the tracker is told of a model; ``verdict`` is the sentence of its decision."""
    tags = {
        "store_id": str(manifest.store_id),
        "currency": manifest.currency,
        "task": manifest.task,
        "feature_view": manifest.view,
        "snapshot": manifest.snapshot,
    }
    return Registration(
        format=REGISTRATION_FORMAT,
        store_id=manifest.store_id,
        task=manifest.task,
        version=version,
        as_of_us=manifest.as_of_us,
        currency=manifest.currency,
        figures=flat(manifest.figures),
        parameters={
            **{name: str(value) for name, value in manifest.parameters.items()},
            "learner": manifest.learner,
            "seed": str(manifest.seed),
            "horizon_days": str(manifest.horizon_days),
            "rows": str(manifest.rows),
            "positives": str(manifest.positives),
        },
        model_tags=tags,
        version_tags={
            **tags,
            "model_version": version,
            "as_of": iso(manifest.as_of_us),
            "code_version": manifest.code_version,
            "verdict": verdict,
        },
        files=sorted(manifest.files),
        aliases=sorted(aliases),
    )


def flat(figures: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return figures by ``who.score``."""
    return {
        f"{who}.{score}": value
        for who, scores in figures.items()
        for score, value in scores.items()
    }


def encode_registration(registration: Registration) -> bytes:
    """Write the body of an outbox item."""
    return msgspec.json.encode(registration, order="sorted")


def decode_registration(body: bytes) -> Registration:
    """Read the body of an outbox item. Raises Damaged."""
    try:
        registration = msgspec.json.decode(body, type=Registration)
    except NOT_DECODABLE as error:
        raise Damaged(f"an outbox item of kind {OUTBOX_KIND} cannot be read ({error})") from error
    if registration.format != REGISTRATION_FORMAT:
        raise Damaged(
            f"an outbox item of kind {OUTBOX_KIND} has format {registration.format}; this "
            f"Shopwright knows {REGISTRATION_FORMAT}"
        )
    return registration
