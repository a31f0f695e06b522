"""What the history holds of a store beside its orders."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from shopwright.core.types.product import ProductVersion, VariantVersion
from shopwright.core.types.stock import LevelVersion


class StoreTables(Struct, frozen=True, kw_only=True):
    """Tables of one store, each to be replaced whole; one that is left out stays as it is."""

    products: Sequence[ProductVersion] | None = None
    variants: Sequence[VariantVersion] | None = None
    levels: Mapping[str, Iterable[LevelVersion]] = {}
    """By the month of its partition (``stock-2026-11``), the versions that begin in it. Each is
    walked once, one after another. The last of a month may end in another one: whoever reads finds
    where by the next."""
