"""Which model serves, and why: the log of decisions is the authority, aliases follow it."""

from collections.abc import Mapping

from msgspec import Struct

from shopwright.core.types.identity import ModelVersion, StoreId


class Decision(Struct, frozen=True, kw_only=True):
    """One recorded decision about a model of a store and task."""

    store_id: StoreId
    task: str
    model_version: ModelVersion
    verdict: str
    """``champion``, ``challenger``, ``refused`` or ``retired``."""
    reason: str
    """One sentence for people."""
    figures: Mapping[str, float]
    decided_us: int
    author: str
    """``shopwright`` or the operator's name."""
