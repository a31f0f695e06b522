"""What a feature view answers."""

from collections.abc import Mapping

from msgspec import Struct

from shopwright.core.types.identity import Pseudonym, StoreId

FeatureValue = int | float | None
"""None is "not known", zero is "none"; NaN does not exist here."""


class FeatureVector(Struct, frozen=True, kw_only=True):
    """The values of one view for one entity as of one instant."""

    store_id: StoreId
    entity: Pseudonym
    view: str
    """``name@version``: a change of any definition changes the version."""
    as_of_us: int
    values: Mapping[str, FeatureValue]


class PackedRecord(Struct, frozen=True, kw_only=True):
    """Everything needed to answer a view for one entity at any later instant."""

    store_id: StoreId
    view: str
    entity: Pseudonym
    revision: int
    """Grows with every change of the entity; an older one never overwrites a newer."""
    received_us: int
    """When the newest event in it reached the gateway."""
    state: bytes
    """The view's own packing; begins with its format number. Empty: the record is taken away."""
