"""Reads a product of the Admin API, with all of its variants: however many there are."""

from decimal import Decimal

import msgspec
from msgspec import Struct

from shopwright.core.types.ledger import Telling
from shopwright.events.reading import Reading, ShopifyId, check_kind, decode
from shopwright.events.shopify_product import (
    CategoryPayload,
    ProductPayload,
    VariantPayload,
    product_fact,
)

TOPIC = "admin/product"


class _Category(Struct, frozen=True, gc=False, rename="camel"):
    full_name: str | None = None


class _Item(Struct, frozen=True, gc=False):
    id: ShopifyId


class _Variant(Struct, frozen=True, rename="camel"):
    id: ShopifyId
    price: Decimal
    sku: str | None = None
    title: str | None = None
    inventory_quantity: int | None = None
    inventory_item: _Item | None = None


class _Product(Struct, frozen=True, kw_only=True, rename="camel"):
    id: ShopifyId
    updated_at: str
    title: str
    status: str
    vendor: str | None = None
    product_type: str | None = None
    category: _Category | None = None
    variants: tuple[_Variant, ...]


def read_product(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the product's one fact: the one that its webhook would tell. Raises Unreadable."""
    node = decode(_PRODUCT, body)
    check_kind(str(node.id), "Product")
    payload = ProductPayload(
        id=node.id,
        title=node.title,
        category=None if node.category is None else CategoryPayload(node.category.full_name),
        product_type=node.product_type,
        status=node.status.lower(),
        vendor=node.vendor,
        updated_at=node.updated_at,
        variants=[
            VariantPayload(
                id=variant.id,
                sku=variant.sku,
                title=variant.title,
                price=variant.price,
                inventory_quantity=variant.inventory_quantity,
                inventory_item_id=variant.inventory_item.id if variant.inventory_item else None,
            )
            for variant in node.variants
        ],
    )
    return (product_fact(payload, reading),)


_PRODUCT = msgspec.json.Decoder(_Product)
