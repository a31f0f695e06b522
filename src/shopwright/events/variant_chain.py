"""Turns the versions of products into those of their variants."""

from collections.abc import Iterable
from itertools import groupby

from msgspec.structs import replace

from shopwright.core.types.product import ProductVersion, Variant, VariantVersion


def chain(products: Iterable[ProductVersion]) -> tuple[VariantVersion, ...]:
    """Return the versions of every variant, by product, variant and time.

    ``products`` come as the ledger gives them: by product and version. Neighbours between which
    nothing of the variant changed are one version. A variant that leaves its product ends there,
    and begins anew when it returns. One of a deleted product ends there too; what follows says so
    (``deleted``) and keeps what was last known, as the product's own version does.
    """
    return tuple(
        version
        for _, versions in groupby(products, lambda one: (one.store_id, one.product_id))
        for version in _of_product(versions)
    )


def _of_product(versions: Iterable[ProductVersion]) -> list[VariantVersion]:
    lines: dict[str, list[VariantVersion]] = {}
    for product in versions:
        for variant in product.variants:
            line = lines.setdefault(variant.variant_id, [])
            begun = _begun(product, variant)
            if line and _goes_on(line[-1], begun):
                line[-1] = replace(line[-1], known_until_us=begun.known_until_us)
            else:
                line.append(begun)
    return [one for variant_id in sorted(lines) for one in lines[variant_id]]


def _begun(product: ProductVersion, variant: Variant) -> VariantVersion:
    return VariantVersion(
        store_id=product.store_id,
        product_id=product.product_id,
        variant_id=variant.variant_id,
        version=product.version,
        known_us=product.known_us,
        known_until_us=product.known_until_us,
        sku=variant.sku,
        price_minor=variant.price_minor,
        inventory_item_id=variant.inventory_item_id,
        deleted=product.deleted,
    )


def _goes_on(last: VariantVersion, begun: VariantVersion) -> bool:
    """Whether a version says of the next instants what the one before it said."""
    return last.known_until_us == begun.known_us and begun == replace(
        last, version=begun.version, known_us=begun.known_us, known_until_us=begun.known_until_us
    )
