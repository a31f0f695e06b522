"""A product as the shop tells it and as it was known at an instant."""

from msgspec import Struct

from shopwright.core.types.identity import StoreId


class Variant(Struct, frozen=True, kw_only=True, array_like=True):
    """One variant of a product."""

    variant_id: str
    sku: str | None
    title: str
    price_minor: int
    stock: int | None
    inventory_item_id: str | None


class ProductFact(Struct, frozen=True, kw_only=True, tag="product", omit_defaults=True):
    """One telling of a product; ``deleted`` ends its line."""

    product_id: str
    updated_us: int
    triggered_us: int
    title: str
    category: str
    """Shopify's category full name, else the product type, else an empty string."""
    status: str
    vendor: str
    deleted: bool
    variants: tuple[Variant, ...]
    untold: tuple[str, ...] = ()
    """Ids of variants that exist and of which this telling says nothing: a webhook tells the first
    hundred in full."""


class ProductVersion(Struct, frozen=True, kw_only=True, array_like=True):
    """What was known of a product for questions with known_us < as_of <= known_until_us."""

    store_id: StoreId
    product_id: str
    version: int
    known_us: int
    known_until_us: int
    title: str
    category: str
    status: str
    deleted: bool
    variants: tuple[Variant, ...]


class VariantVersion(Struct, frozen=True, kw_only=True):
    """What was known of a variant for questions with known_us < as_of <= known_until_us."""

    store_id: StoreId
    product_id: str
    variant_id: str
    version: int
    """Of the product, where this began."""
    known_us: int
    known_until_us: int
    sku: str | None
    price_minor: int
    inventory_item_id: str | None
    deleted: bool
    """Its product was deleted; the rest is what was last known."""
