"""How many units of a thing lie at a place and can be sold."""

from msgspec import Struct

from shopwright.core.types.identity import StoreId


class LevelFact(Struct, frozen=True, kw_only=True, tag="level", gc=False):
    """One telling of an inventory level: an item at a location."""

    item: str
    """Id of the inventory item; a variant names its own (``Variant.inventory_item_id``)."""
    location: str
    updated_us: int
    available: int | None
    """Units that can be sold; negative when more was sold than lay there. None: the item is not
    kept at this place, or nobody counts it."""


class LevelVersion(Struct, frozen=True, kw_only=True, gc=False):
    """What was known of a level for questions with known_us < as_of <= known_until_us."""

    store_id: StoreId
    item: str
    location: str
    known_us: int
    known_until_us: int
    available: int | None
    """As in ``LevelFact``."""
