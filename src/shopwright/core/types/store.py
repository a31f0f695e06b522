"""A connected store, as far as facts need to know it."""

from msgspec import Struct

from shopwright.core.types.identity import StoreId


class Store(Struct, frozen=True, kw_only=True):
    """What must be known of a store before its first fact can be read."""

    store_id: StoreId
    currency: str
    """ISO 4217 code of shop money. One currency per store: another one is never converted."""
    timezone: str
    """IANA name. A bare date is midnight in this zone; days and weeks are this zone's."""
    added_us: int
    """When the store was added here, epoch microseconds."""
