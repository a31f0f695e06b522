"""What the console's pages read; people's eyes only, so these may change with the pages."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from shopwright.core.types.feature import FeatureValue


class Account(Struct, frozen=True, kw_only=True):
    """Who looks at the console; all None on a machine that asks nobody to sign in."""

    name: str | None
    role: str | None
    csrf: str | None
    """What a page repeats in ``X-CSRF-Token`` with everything that changes something."""


class ModelCard(Struct, frozen=True, kw_only=True):
    """The model that serves a store, beside the simple rules that it had to beat."""

    version: str
    horizon_days: int
    trained_as_of: str
    rows: int
    positives: int
    average_precision: float | None
    """Area under the precision-recall curve, on rows that training never saw."""
    baselines: Mapping[str, float]
    """The same score of each baseline, on the same rows."""


class StoreCard(Struct, frozen=True, kw_only=True):
    """One store at a glance."""

    store_id: str
    currency: str
    timezone: str
    added_at: str
    customers: int | None
    """None until they have been counted."""
    last_event_age_seconds: float | None
    webhooks_last_minute: int
    model: ModelCard | None
    no_model: str | None
    """Why there is no model, and what to do."""


class Overview(Struct, frozen=True, kw_only=True):
    """The first page."""

    version: str
    stores: tuple[StoreCard, ...]
    trouble: str | None
    """Why webhooks cannot be stored now."""
    counted_by_one_process: bool
    """Webhook rates are those of the process that answered."""


class CustomerRow(Struct, frozen=True, kw_only=True):
    """One line of the table of customers."""

    entity: str
    score: float | None
    band: str | None
    """``high``, ``raised``, ``usual`` or ``low``, against the share that bought in training."""
    orders_total: FeatureValue
    recency_days: FeatureValue
    net_spend_total: FeatureValue


class CustomerPage(Struct, frozen=True, kw_only=True):
    """One page of customers, in the order of their pseudonyms."""

    store: StoreCard
    customers: tuple[CustomerRow, ...]
    next_after: str | None
    usual_share: float | None
    """Share of training rows that were followed by an order: what a band compares with."""


class FeatureCell(Struct, frozen=True, kw_only=True):
    """One feature with its meaning."""

    name: str
    value: FeatureValue
    unit: str
    kind: str
    says: str


class Change(Struct, frozen=True, kw_only=True):
    """One change of a customer's record, as this process saw it become readable."""

    revision: int
    received_us: int
    readable_us: int
    event_to_feature_ms: float


class Truth(Struct, frozen=True, kw_only=True):
    """What the simulation knows of a customer and no model can."""

    probability: float
    """Of an order within the horizon, from the simulated customer's own rates."""
    baseline: float | None = None
    """What the simple baseline says."""
    horizon_days: int | None = None


class CustomerCard(Struct, frozen=True, kw_only=True):
    """One customer."""

    store_id: str
    currency: str
    minor_per_major: int
    entity: str
    as_of: str
    known: bool
    revision: int
    feature_age_seconds: float | None
    features: tuple[FeatureCell, ...]
    score: float | None
    band: str | None
    usual_share: float | None
    model_version: str | None
    horizon_days: int | None
    no_model: str | None
    change: Change | None
    """The latest change that was seen to happen."""
    demo: bool
    """Whether orders can be placed in a simulated shop."""


class PlacedOrder(Struct, frozen=True, kw_only=True):
    """What the simulated shop did on a click."""

    webhook_id: str
    sent_us: int
    order: Mapping[str, Any]
    """As the simulated shop describes it; shown as text, never as HTML."""
