"""Reads ``products/*``: what a product is called, belongs to and costs.

A payload tells only the first 100 variants in full; of the others it gives their ids, and what was
told of them before stays. https://shopify.dev/docs/api/admin-rest/latest/resources/product
"""

from decimal import Decimal

import msgspec
from msgspec import Struct

from shopwright.core.errors import Unreadable
from shopwright.core.types.ledger import Telling
from shopwright.core.types.product import ProductFact, Variant
from shopwright.events.deletion import deleted_id
from shopwright.events.reading import (
    Reading,
    ShopifyId,
    check_kind,
    date_us,
    decode,
    first_id,
    plain_id,
    plain_id_or_none,
    shop_minor,
    text_or_none,
)

STOCK_MAX = (1 << 63) - 1


class CategoryPayload(Struct, frozen=True, gc=False):
    """A node of Shopify's product taxonomy."""

    full_name: str | None = None


class VariantPayload(Struct, frozen=True, gc=False):
    """One variant."""

    id: ShopifyId
    sku: str | None = None
    title: str | None = None
    price: Decimal | None = None
    inventory_quantity: int | None = None
    inventory_item_id: ShopifyId | None = None


class VariantGid(Struct, frozen=True, gc=False):
    """That a variant exists."""

    admin_graphql_api_id: ShopifyId


class ProductPayload(Struct, frozen=True):
    """A whole product, as far as it is read."""

    id: ShopifyId | None = None
    admin_graphql_api_id: str | None = None
    title: str | None = None
    category: CategoryPayload | None = None
    product_type: str | None = None
    status: str | None = None
    vendor: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    variants: list[VariantPayload] | None = None
    variant_gids: list[VariantGid] | None = None


def read_product(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return the product's one fact. Raises Unreadable."""
    payload = decode(_PRODUCT, body)
    check_kind(payload.admin_graphql_api_id, "Product")
    return (product_fact(payload, reading),)


def product_fact(payload: ProductPayload, reading: Reading) -> ProductFact:
    """Return what a product's payload tells, whatever source it came from. Raises Unreadable.

    Variants are in the order of their ids: sources differ in the order in which they list them.
    """
    updated_us = date_us(payload.updated_at, "updated_at")
    variants = [_variant(variant, reading) for variant in payload.variants or ()]
    return ProductFact(
        product_id=first_id("id", payload.id, payload.admin_graphql_api_id),
        updated_us=reading.told_us if updated_us is None else updated_us,
        triggered_us=reading.triggered_us,
        title=text_or_none(payload.title, "title") or "",
        category=_category(payload),
        status=text_or_none(payload.status, "status") or "",
        vendor=text_or_none(payload.vendor, "vendor") or "",
        deleted=False,
        variants=tuple(sorted(variants, key=lambda one: (len(one.variant_id), one.variant_id))),
        untold=_untold(payload, {variant.variant_id for variant in variants}),
    )


def read_deletion(body: bytes, reading: Reading) -> tuple[Telling, ...]:
    """Return that the product was deleted; Shopify tells nothing but its id. Raises Unreadable."""
    return (
        ProductFact(
            product_id=deleted_id(body, "Product"),
            updated_us=reading.told_us,
            triggered_us=reading.triggered_us,
            title="",
            category="",
            status="",
            vendor="",
            deleted=True,
            variants=(),
        ),
    )


def _untold(payload: ProductPayload, told: set[str]) -> tuple[str, ...]:
    named = {plain_id(one.admin_graphql_api_id, "a gid") for one in payload.variant_gids or ()}
    return tuple(sorted(named - told, key=lambda one: (len(one), one)))


def _category(payload: ProductPayload) -> str:
    full_name = payload.category.full_name if payload.category is not None else None
    return (
        text_or_none(full_name, "category") or text_or_none(payload.product_type, "product_type")
    ) or ""


def _variant(variant: VariantPayload, reading: Reading) -> Variant:
    price_minor = shop_minor(None, variant.price, reading)
    if price_minor is None:
        raise Unreadable("a variant has no price")
    stock = variant.inventory_quantity
    if stock is not None and abs(stock) > STOCK_MAX:
        raise Unreadable("the stock of a variant is too large to be true")
    return Variant(
        variant_id=plain_id(variant.id, "id of a variant"),
        sku=text_or_none(variant.sku, "sku of a variant"),
        title=text_or_none(variant.title, "title of a variant") or "",
        price_minor=price_minor,
        stock=stock,
        inventory_item_id=plain_id_or_none(variant.inventory_item_id, "inventory_item_id"),
    )


_PRODUCT = msgspec.json.Decoder(ProductPayload)
