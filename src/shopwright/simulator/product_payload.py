"""The payload of ``products/create`` and ``products/update``."""

from shopwright.simulator.amounts import Json, Purse
from shopwright.simulator.catalogue import Product, Variant
from shopwright.simulator.letterhead import Letterhead


def product_body(product: Product, us: int, letterhead: Letterhead) -> Json:
    """Return a product as of an instant."""
    archived = product.archived_us is not None and product.archived_us <= us
    updated_us = max([product.created_us, *(at for at in product.changes if at <= us)])
    image = _image(product, letterhead)
    return {
        "id": product.product_id,
        "admin_graphql_api_id": f"gid://shopify/Product/{product.product_id}",
        "title": product.title,
        "body_html": f"<p>{product.title}, chosen by {letterhead.profile.name}.</p>",
        "vendor": product.vendor,
        "created_at": letterhead.time(product.created_us),
        "updated_at": letterhead.time(updated_us),
        "published_at": None if archived else letterhead.time(product.created_us),
        "handle": product.handle,
        "template_suffix": None,
        "published_scope": "global",
        "status": "archived" if archived else "active",
        "has_variants_that_requires_components": False,
        **_shelf(product),
        "image": image,
        "images": [image],
        "media": [],
        "variant_gids": [
            {
                "admin_graphql_api_id": f"gid://shopify/ProductVariant/{variant.variant_id}",
                "updated_at": letterhead.time(variant.updated_at(us)),
            }
            for variant in product.variants
        ],
        "variants": [
            _variant(product, variant, position, us, letterhead)
            for position, variant in enumerate(product.variants, start=1)
        ],
    }


def _shelf(product: Product) -> Json:
    """Return what a product says of its kind; a gift card has no category."""
    category = product.category
    if category is None:
        kind: Json = {"product_type": "Gift card", "tags": "", "category": None}
        return kind | {"options": [_option(product, "Amount")]}
    return {
        "product_type": category.product_type,
        "tags": category.product_type.lower(),
        "category": {
            "admin_graphql_api_id": category.taxonomy_id,
            "name": category.full_name.rpartition(" > ")[2],
            "full_name": category.full_name,
        },
        "options": [_option(product, category.option or "Title")],
    }


def _variant(
    product: Product, variant: Variant, position: int, us: int, letterhead: Letterhead
) -> Json:
    purse: Purse = letterhead.home
    price, compare_at = variant.prices.at(us)
    stock = variant.stock.at(us)
    return {
        "id": variant.variant_id,
        "admin_graphql_api_id": f"gid://shopify/ProductVariant/{variant.variant_id}",
        "barcode": variant.barcode,
        "compare_at_price": None if compare_at is None else purse.text(compare_at),
        "created_at": letterhead.time(product.created_us),
        "image_id": None,
        "inventory_item_id": variant.inventory_item_id,
        "inventory_policy": "deny",
        "inventory_quantity": stock,
        "old_inventory_quantity": stock,
        "option1": variant.title,
        "option2": None,
        "option3": None,
        "position": position,
        "price": purse.text(price),
        "product_id": product.product_id,
        "sku": variant.sku,
        "taxable": not product.gift_card,
        "title": variant.title,
        "updated_at": letterhead.time(variant.updated_at(us)),
    }


def _option(product: Product, name: str) -> Json:
    return {
        "id": product.product_id + 1,
        "product_id": product.product_id,
        "name": name,
        "position": 1,
        "values": [variant.title for variant in product.variants],
    }


def _image(product: Product, letterhead: Letterhead) -> Json:
    at = letterhead.time(product.created_us)
    return {
        "id": product.product_id + 2,
        "admin_graphql_api_id": f"gid://shopify/ProductImage/{product.product_id + 2}",
        "alt": product.title,
        "position": 1,
        "product_id": product.product_id,
        "created_at": at,
        "updated_at": at,
        "width": 1200,
        "height": 1200,
        "src": f"https://cdn.example.com/{letterhead.shop_number}/{product.handle}.jpg",
        "variant_ids": [],
    }
